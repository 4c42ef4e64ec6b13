import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryInstance } from "../../stack/instance.ts";
import type { ServerName } from "../../stack/server.ts";
import { stackUp } from "../../stack/stack.ts";
import { stackDown } from "../../stack/stack-down.ts";
import { readState } from "../../stack/state.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { ownEnvironment } from "../stack/own-environment.ts";
import { member, platform, queueRequest } from "./request.ts";

const environment = ownEnvironment();
const wanted: readonly ServerName[] = ["temporal", "postgres-control", "postgres-data", "kafka"];

/** On servers of its own: others' tests must not lose theirs. */
describe("a server killed in the middle of creates, and started again", () => {
  const instance = temporaryInstance();
  let prism: TestPrism;
  let created = 0;
  const up = () => stackUp({ environment, instance, wanted, needed: wanted });
  beforeAll(async () => {
    const servers = { ...environment, ...(await up()).environment };
    prism = await testPrism({ servers });
  });
  afterAll(async () => {
    await prism?.close();
    await stackDown({ instance, environment, purge: true });
  });

  it.each(wanted)("%s: every create is done, and nothing happened twice", async (server) => {
    const control = await prism.control(member);
    // Begun one after the other, so that the server is gone at another step of each.
    const names = [1, 2, 3, 4].map((count) => prism.name(`${server}-${count}`));
    const operations: string[] = [];
    for (const name of names) {
      operations.push((await control.namespaces.create(queueRequest(name))).operation?.id ?? "");
      await delay(60);
    }
    process.kill(readState(instance).servers[server]?.process?.pid ?? 0, "SIGKILL");
    await delay(1_500);
    await up();

    for (const [index, name] of names.entries()) {
      const ended = async () => (await control.operations.get(operations[index] ?? "")).ended_at !== null;
      await until(() => ended().catch(() => false), 90_000);
      const { items } = await control.namespaces.history(name);
      expect(items.at(-1)?.type).toBe("NamespaceActivated");
      const made = items
        .filter(({ type }) => type === "ResourceProvisioned")
        .map(({ data }) => data["resource"]);
      expect(made).toHaveLength(4);
      expect(new Set(made.map((resource) => JSON.stringify(resource))).size).toBe(4);
      created++;
    }
    expect((await control.teams.get("payments-team")).reserved.namespaces).toBe(created);
  });

  it("all of them and Prism too, while a create waits for a word: it is taken afterwards", async () => {
    const name = prism.name("asleep");
    const control = await prism.control(member);
    const root = await prism.control(platform);
    const asked = await control.namespaces.create(queueRequest(name, { needs: { data_size: "2TB" } }), {
      waitSeconds: 30,
    });
    expect(asked.status).toBe("awaiting_approval");
    const operation = asked.operation?.id ?? "";

    for (const process of ["api", "worker", "proxy"] as const) await prism.processes.stop(process, "SIGKILL");
    for (const server of wanted)
      process.kill(readState(instance).servers[server]?.process?.pid ?? 0, "SIGKILL");
    await up();
    for (const process of ["api", "worker", "proxy"] as const) await prism.processes.start(process);

    const { plan_hash } = await control.operations.get(operation);
    await root.operations.approve(operation, { plan_hash: plan_hash ?? "" });
    await until(async () => (await control.namespaces.get(name)).status === "active", 60_000);
  });
});
