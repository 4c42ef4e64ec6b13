import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holdRelay, relayedTo } from "../../backends/write-ahead-log/layouts.ts";
import { backlog } from "../../backends/write-ahead-log/operate.ts";
import { postgresTable } from "../../domain/selection/names.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { kafkaPartitions } from "../../stack/witnesses.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { testPool } from "../setup/test-pool.ts";
import { until } from "../setup/until.ts";
import { holdings } from "./holdings.ts";
import { member, orderApi, queueRequest, stranger } from "./request.ts";

const patienceMs = 100_000;

describe("a namespace that is there", () => {
  let prism: TestPrism;
  let alice: Control;
  let data: Pool;
  let unchanged: Promise<string> | undefined;
  beforeAll(async () => {
    prism = await testPrism({ names: ["api", "proxy"] });
    // One delete kills it.
    await prism.processes.start("worker", { PRISM_FAILPOINT: `stop-traffic:after:${prism.name("busy")}` });
    data = testPool({ connectionString: prism.environment["PRISM_DATA_URL"], max: 2 });
    alice = await prism.control(member);
  });
  afterAll(async () => {
    await data?.end();
    await prism?.close();
  });

  const active = async (prefix: string, more: Record<string, unknown> = {}): Promise<string> => {
    const name = prism.name(prefix);
    const created = await alice.namespaces.create(queueRequest(name, more), { waitSeconds: 40 });
    expect(created).toMatchObject({ status: "active", version: 1 });
    return name;
  };
  /** One for all that must change nothing of it. */
  const untouched = (): Promise<string> => {
    unchanged ??= active("unchanged");
    return unchanged;
  };
  const published = async (name: string) =>
    (await prism.client(name, orderApi)).queue.publish("orders", { id: 1 });

  describe("updated", () => {
    it("gets a new version, which proxies have when it is reported", async () => {
      const name = await active("larger");
      const updated = await alice.namespaces.update(name, { needs: { write_rps: 250 } }, { waitSeconds: 40 });
      expect(updated).toMatchObject({
        status: "active",
        version: 2,
        needs: { write_rps: 250, replay: "enabled" },
      });
      await published(name);
      expect((await alice.namespaces.history(name)).items.at(-1)?.type).toBe("ProxiesRegistered");
    });

    it("a service that is taken off the list is refused from then on, and one that is put on it is let in", async () => {
      const name = await active("revoked");
      await published(name);
      const billing = [{ service: "billing", access: "read-write" }];
      await alice.namespaces.update(name, { access: { consumers: billing } }, { waitSeconds: 40 });
      await expect(published(name)).rejects.toMatchObject({ code: "NOT_FOUND" });
      const client = await prism.client(name, { subject: "service:billing" });
      await client.queue.publish("orders", { id: 2 });
    });

    it("of a version that is no longer there is refused, and of the one that is there goes through", async () => {
      const name = await active("versions");
      const change = { needs: { write_rps: 260 } };
      await expect(alice.namespaces.update(name, change, { ifVersion: 7 })).rejects.toMatchObject({
        code: "VERSION_CONFLICT",
        details: { field: "If-Match", version: 1 },
      });
      const updated = await alice.namespaces.update(name, change, { ifVersion: 1, waitSeconds: 40 });
      expect(updated.version).toBe(2);
    });

    it("into what it is already does nothing", async () => {
      const name = await untouched();
      expect(await alice.namespaces.update(name, { needs: { replay: "enabled" } })).toMatchObject({
        version: 1,
      });
      expect((await alice.namespaces.history(name)).items.map(({ type }) => type)).not.toContain(
        "UpdateRequested",
      );
    });

    it.each([
      ["another team", { team: "marketing-team" }, "team"],
      ["another API", { client_api: "pubsub" }, "client_api"],
      ["an unknown field", { needs: { write_rsp: 5 } }, "needs.write_rsp"],
      ["no object", 5 as unknown as object, undefined],
    ])("into %s is refused, and nothing changes", async (_, patch, field) => {
      const name = await untouched();
      const refused = alice.namespaces.update(name, patch as object);
      await expect(refused).rejects.toMatchObject({ details: field === undefined ? {} : { field } });
      expect(await alice.namespaces.get(name)).toMatchObject({ version: 1, status: "active" });
    });

    it("what would have to move is refused with what that is", async () => {
      const name = await untouched();
      await expect(
        alice.namespaces.update(name, { needs: { durability: "best-effort" } }),
      ).rejects.toMatchObject({
        code: "MIGRATION_REQUIRED",
      });
    });
  });

  describe("deleted", () => {
    it("takes with it all that it held; its owners still see its past, and the name is free", async () => {
      const name = await active("gone");
      const before = await holdings(prism.environment, name);
      expect(before.length).toBeGreaterThan(3);
      const deleted = await alice.namespaces.delete(name, { confirm: name, waitSeconds: 40 });
      expect(deleted.status).toBe("deleted");
      expect(await holdings(prism.environment, name)).toEqual([]);
      await expect(published(name)).rejects.toThrow(/serves|exist/);
      expect((await alice.namespaces.get(name)).status).toBe("deleted");
      expect((await alice.namespaces.list()).items.map(({ namespace }) => namespace)).not.toContain(name);

      const again = await alice.namespaces.create(queueRequest(name), { waitSeconds: 40 });
      expect(again).toMatchObject({ status: "active", version: 1 });
      expect(await kafkaPartitions(prism.environment, `${name}-queue`)).toBeGreaterThan(0);
      await published(name);
    });

    it("under load, its worker killed: what was acknowledged is relayed before anything is removed and counted once, and nothing is acknowledged after", async () => {
      const name = await active("busy");
      const life = { namespace: name, incarnation: 1 };
      const before = await kafkaPartitions(prism.environment, `${name}-queue`);
      const held = await holdRelay(data, { ...life, table: postgresTable("wal", name), before });
      const client = await prism.client(name, orderApi);
      // When what was acknowledged was sent; of the answer only this process would know, and late.
      let lastSentAt = 0;
      let acknowledged = 0;
      const publishing = Array.from({ length: 16 }, async () => {
        for (;;) {
          const sentAt = Date.now();
          try {
            await client.queue.publish("orders", { id: acknowledged });
          } catch {
            return;
          }
          acknowledged++;
          lastSentAt = Math.max(lastSentAt, sentAt);
        }
      });
      await until(() => acknowledged > 200);
      await until(async () => (await relayedTo(data, life)) === held);
      await alice.namespaces.delete(name, { confirm: name });
      await until(() => !prism.processes.running("worker"), patienceMs);
      // The fence is up and the barrier down: when the step is repeated the log holds nothing any more.
      await until(async () => (await backlog(data, life)) === 0, patienceMs);
      const relayed = await relayedTo(data, life);
      await prism.processes.start("worker");
      await until(async () => (await alice.namespaces.get(name)).status === "deleted", patienceMs);
      await Promise.all(publishing);
      client.close();
      const { items } = await alice.namespaces.history(name);
      const event = (type: string) => items.find((item) => item.type === type);
      expect(event("DrainCompleted")?.data).toEqual({ drained: Number(relayed - held), aborted: 0 });
      expect(Number(relayed - held)).toBeGreaterThan(acknowledged);
      expect(lastSentAt).toBeLessThanOrEqual(Date.parse(event("TrafficStopped")?.recorded_at ?? ""));
      expect(await holdings(prism.environment, name)).toEqual([]);
    });

    it("is refused without its name, by whom it is not, and where it is protected; and nothing changes", async () => {
      const name = await active("kept", { policies: { deletion_protection: true } });
      await expect(alice.namespaces.delete(name)).rejects.toMatchObject({ code: "CONFIRMATION_REQUIRED" });
      await expect(alice.namespaces.delete(name, { confirm: name })).rejects.toMatchObject({
        code: "DELETION_PROTECTED",
      });
      const mallory = await prism.control(stranger);
      await expect(mallory.namespaces.delete(name, { confirm: name })).rejects.toMatchObject({
        code: "NOT_FOUND",
      });
      const consumer = await prism.control(orderApi);
      await expect(consumer.namespaces.delete(name, { confirm: name })).rejects.toMatchObject({
        code: "FORBIDDEN",
      });
      await published(name);
      await alice.namespaces.update(name, { policies: { deletion_protection: false } }, { waitSeconds: 40 });
      const deleted = await alice.namespaces.delete(name, { confirm: name, waitSeconds: 40 });
      expect(deleted.status).toBe("deleted");
    });
  });
});
