import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Control } from "../../sdk/typescript/control.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { judge } from "../proxy/history.ts";
import { witness } from "../proxy/witness.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { configuration } from "./holdings.ts";
import { cells, failpointOf } from "./kill-matrix.ts";
import { requestOf } from "./kinds.ts";
import { member, orderApi } from "./request.ts";

/** From one partition to two. */
const growing = { needs: { write_rps: 600 } };
/** All cells take longer than a token usually lasts. */
const ttlSeconds = 6 * 3_600;
const patienceMs = 110_000;
const sound = { lost: [], doubled: [], disordered: [], invented: [], misplaced: [] };

const all = cells("growth", 0);
const tried = soaking
  ? all
  : all.filter(({ activity, moment }) => activity === "growRelay" && moment === "after");

describe("a worker killed while an ordered queue gets more partitions", () => {
  let prism: TestPrism;
  let alice: Control;
  let token: string;
  let reserved = 0;
  beforeAll(async () => {
    prism = await testPrism({ names: ["api", "proxy"] });
    alice = await prism.control({ ...member, ttlSeconds });
    token = await prism.token({ ...orderApi, ttlSeconds });
    await arm(0);
  });
  afterAll(() => prism?.close());

  const nameOf = (index: number) => prism.name(`grows-${index}`);
  let armed = -1;
  /** A create meets none of these failpoints: the worker that finishes one cell begins the next. */
  const arm = async (index: number) => {
    armed = index;
    const cell = tried[index];
    const PRISM_FAILPOINT = cell === undefined ? "" : failpointOf(cell, nameOf(index), []);
    await prism.processes.start("worker", { PRISM_FAILPOINT });
  };

  /** A queue in use: somebody publishes and consumes all the time. */
  const busy = async (namespace: string) => {
    await alice.namespaces.create(requestOf("orders", namespace), { waitSeconds: 60 });
    await until(async () => (await alice.namespaces.get(namespace)).status === "active", patienceMs);
    const address = `127.0.0.1:${prism.environment["PRISM_PROXY_PORT"]}`;
    const seen = witness({ namespace, token, addresses: () => [address], restMs: 30 });
    await until(() => seen.confirmed() > 10, patienceMs);
    return seen;
  };
  /** Somebody who reads and is never done: the barrier stands for as long. */
  const idler = async (namespace: string) => {
    const client = await prism.client(namespace, orderApi);
    const messages = client.queue.consume("t", { group: "idle", from: "earliest", credit: 1 });
    await messages.next();
    return async () => {
      await messages.return();
      client.close();
    };
  };
  const isDead = () => until(() => !prism.processes.running("worker"), patienceMs);

  it.each(tried.map((cell, index) => ({ ...cell, index })))(
    "$activity, $moment, $plot: it grows once or not at all, and each key stays in order",
    async ({ index, plot }) => {
      if (armed !== index) {
        await prism.processes.stop("worker", "SIGKILL");
        await arm(index);
      }
      const namespace = nameOf(index);
      const seen = await busy(namespace);
      const isGivenUp = plot === "cancelled";
      const leave = isGivenUp ? await idler(namespace) : async () => {};
      const before = await configuration(prism.environment, namespace);

      const { operation } = await alice.namespaces.update(namespace, growing);
      const id = operation?.id ?? "";
      const types = async () => (await alice.namespaces.history(namespace)).items.map(({ type }) => type);
      if (isGivenUp) {
        await until(async () => (await types()).includes("RelayHeld"), patienceMs);
        await alice.operations.cancel(id);
      }
      await isDead();
      await arm(index + 1);
      await until(async () => (await alice.operations.get(id)).ended_at !== null, patienceMs);
      await leave();

      const count = (type: string, told: readonly string[]) => told.filter((each) => each === type).length;
      const told = await types();
      const once = ["RelayHeld", "GroupsDrained", "UpdateApplied", "PartitionsGrown", "UpdateFailed"];
      expect(once.map((type) => count(type, told))).toEqual(isGivenUp ? [1, 0, 0, 0, 1] : [1, 1, 1, 1, 0]);
      expect((await alice.operations.get(id)).state).toBe(isGivenUp ? "cancelled" : "succeeded");
      reserved += isGivenUp ? 100 : 600;
      expect((await alice.teams.get("payments-team")).reserved.write_rps).toBe(reserved);
      const after = await configuration(prism.environment, namespace);
      expect(Object.keys(after)).toEqual(Object.keys(before));
      if (isGivenUp) expect(after).toEqual(before);
      expect(after[`topic ${namespace}-queue`]).toContain(`partitions=${isGivenUp ? 1 : 2}`);

      // The relay is held no more: what is published now is delivered, and with it all that waited.
      const published = seen.published();
      await until(() => seen.confirmed() > published, patienceMs);
      await seen.settle(patienceMs);
      expect(judge(seen.history, [seen.group], seen.attempted)).toEqual(sound);
    },
    600_000,
  );

  it("does not start with a failpoint that it would never get to", async () => {
    const starts = prism.processes.start("worker", { PRISM_FAILPOINT: "grow-relay:later:orders" });
    await expect(starts).rejects.toThrow(
      "PRISM_FAILPOINT has 'grow-relay:later:orders', which no attempt would ever meet: the moments of grow-relay are",
    );
  });

  it("was tried in as many cells as there are", () => {
    figures(`kill matrix of growth: ${tried.length} of ${all.length} cells`);
    expect(tried.length).toBeGreaterThan(0);
  });
});
