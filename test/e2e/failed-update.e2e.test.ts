import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureStep, updateSteps } from "../../domain/namespace/steps.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { configuration } from "./holdings.ts";
import { changedBy, changeOf, requestOf } from "./kinds.ts";
import { member, orderApi } from "./request.ts";

const patienceMs = 100_000;
const ttlSeconds = 6 * 3_600;
const change = changeOf("orders");

/** Up to the pivot; after it an update only goes forward. */
const stepsOf = (namespace: string): readonly string[] => {
  const steps = updateSteps(true);
  const resources = changedBy("orders", namespace, change).map(ensureStep);
  return [...steps.slice(1, steps.indexOf("apply")), "plan-changes", ...resources, "apply"];
};
const cells = stepsOf("x").flatMap((name, at) => {
  const moments = name.startsWith("ensure")
    ? (["intended", "after", "recorded"] as const)
    : (["before"] as const);
  return moments.map((moment) => ({ at, moment, name: name.replace(/ \S*$/, "") }));
});
const tried = soaking ? cells : cells.filter(({ name, moment }) => name === "apply" || moment === "after");

describe("an update that fails", () => {
  let prism: TestPrism;
  let alice: Control;
  let namespace: string;
  let client: Awaited<ReturnType<typeof serving>>;
  beforeAll(async () => {
    prism = await testPrism();
    alice = await prism.control({ ...member, ttlSeconds });
    namespace = prism.name("served");
    const { status } = await alice.namespaces.create(requestOf("orders", namespace), { waitSeconds: 100 });
    expect(status).toBe("active");
    // The one attempt that dies uses up the step's budget.
    await prism.processes.start("api", { PRISM_STEP_ATTEMPTS: "1" });
    await arm(0);
    client = await serving();
  }, 200_000);
  afterAll(() => prism?.close());

  const arm = (index: number) => {
    const { at, moment } = tried[index] ?? {};
    const PRISM_FAILPOINT = at === undefined ? "" : `${stepsOf(namespace)[at]}:${moment}:${namespace}`;
    return prism.processes.start("worker", { PRISM_FAILPOINT });
  };

  /** A client that publishes and consumes all the time. */
  const serving = async () => {
    const seen = { sent: [] as number[], got: [] as number[], troubles: [] as string[] };
    const connected = await prism.client(namespace, { ...orderApi, ttlSeconds });
    const consumption = connected.queue.consume("orders", { group: "all", from: "earliest" });
    const consuming = (async () => {
      for await (const message of consumption) {
        seen.got.push(message.json() as number);
        await message.ack();
      }
    })().catch((error: unknown) => seen.troubles.push(String(error)));
    let isOver = false;
    const publishing = (async () => {
      for (let n = 0; !isOver; n++) {
        await connected.queue.publish("orders", n).then(
          () => seen.sent.push(n),
          (error: unknown) => seen.troubles.push(String(error)),
        );
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    return {
      ...seen,
      async over() {
        isOver = true;
        await publishing;
        await until(() => seen.got.length >= seen.sent.length, patienceMs);
        await consumption.return();
        await consuming;
        connected.close();
      },
    };
  };

  it.each(tried.map((cell, index) => ({ ...cell, index })))(
    "at $name, $moment: the old configuration serves on, and is what is read back",
    async ({ index }) => {
      const look = async () => ({
        plan: await alice.namespaces.plan(namespace),
        held: await configuration(prism.environment, namespace),
        reserved: (await alice.teams.get("payments-team")).reserved,
      });
      const before = await look();
      const { operation } = await alice.namespaces.update(namespace, { needs: change });
      const id = operation?.id ?? "";
      const state = async () => (await alice.operations.get(id)).state;
      await until(() => !prism.processes.running("worker"), patienceMs);
      await arm(index + 1);
      await until(async () => (await state()) === "waiting", patienceMs);
      const count = client.got.length;
      await until(() => client.got.length > count, patienceMs);
      await alice.operations[index % 2 === 0 ? "abandon" : "cancel"](id);
      await until(async () => ["failed", "cancelled"].includes(await state()), patienceMs);
      expect(await look()).toEqual(before);
      expect(await alice.namespaces.get(namespace)).toMatchObject({ status: "active", version: 1 });
      const { items } = await alice.namespaces.history(namespace);
      expect(items.findLast(({ type }) => type === "UpdateFailed")?.data).toMatchObject({ not_restored: [] });
    },
    300_000,
  );

  it("a client that publishes and consumes has noticed nothing", async () => {
    await client.over();
    expect(client.troubles).toEqual([]);
    expect(client.sent.length).toBeGreaterThan(10);
    expect(client.got).toEqual(client.sent);
  }, 200_000);
});
