import { Admin } from "@platformatic/kafka";
import { Client, Connection } from "@temporalio/client";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingTables } from "../../stack/witnesses.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { member, queueRequest, stranger } from "./request.ts";

describe("a create that cannot succeed", () => {
  let prism: TestPrism;
  let admin: Admin;
  beforeAll(async () => {
    prism = await testPrism();
    admin = new Admin({
      clientId: "test",
      bootstrapBrokers: (prism.environment["PRISM_KAFKA_BROKERS"] ?? "").split(","),
    });
  });
  afterAll(async () => {
    await admin?.close();
    await prism?.close();
  });

  const typesOf = async (namespace: string) =>
    (await (await prism.control(member)).namespaces.history(namespace)).items.map(({ type }) => type);

  it("says why at once, leaves nothing behind, and frees the name", async () => {
    const namespace = prism.name("in-the-way");
    const control = await prism.control(member);
    await admin.createTopics({ topics: [`${namespace}-queue`], partitions: 1, replicas: 1 });

    await expect(
      control.namespaces.create(queueRequest(namespace), { waitSeconds: 30 }),
    ).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
      details: {
        field: "namespace",
        recommendation: expect.stringContaining("Choose a different namespace name"),
      },
    });
    const [operation] = (await control.operations.list({ namespace })).items;
    await expect
      .poll(async () => (await control.operations.get(operation?.id ?? "")).state, { timeout: 20_000 })
      .toBe("failed");

    const tables = [`wal_${namespace}`, `replay_${namespace}`].map((table) => table.replaceAll("-", "_"));
    expect(await missingTables(prism.environment, tables)).toEqual(tables);
    // What was there before and is not ours is still there, untouched.
    expect(await admin.listTopics()).toContain(`${namespace}-queue`);
    expect(await typesOf(namespace)).toEqual(expect.arrayContaining(["StepFailed", "NamespaceFailed"]));
    expect((await control.namespaces.get(namespace)).status).toBe("failed");

    await admin.deleteTopics({ topics: [`${namespace}-queue`] });
    const again = await control.namespaces.create(queueRequest(namespace), { waitSeconds: 30 });
    expect(again.status).toBe("active");
    expect((await typesOf(namespace)).filter((type) => type === "NamespaceRequested")).toHaveLength(2);
  });

  it("waits, visibly, for a table that somebody holds, and goes on when it is let go", async () => {
    const namespace = prism.name("held");
    const control = await prism.control(member);
    const holder = new pg.Client({ connectionString: prism.environment["PRISM_DATA_URL"] });
    await holder.connect();
    await holder.query("begin");
    // The lock that every attempt on this table takes.
    await holder.query("select pg_advisory_xact_lock(hashtext($1))", [
      `prism table wal_${namespace.replaceAll("-", "_")}`,
    ]);
    const created = await control.namespaces.create(queueRequest(namespace));
    const state = async () => (await control.operations.get(created.operation?.id ?? "")).state;
    await expect
      .poll(async () => typesOf(namespace).catch(() => []), { timeout: 20_000 })
      .toContain("ResourceProvisioned");
    expect(await state()).toBe("running");
    await holder.query("rollback");
    await holder.end();
    await expect.poll(state, { timeout: 30_000 }).toBe("succeeded");
  });

  it("waits for a proxy, names what it waits for, and goes on when one comes", async () => {
    const namespace = prism.name("unserved");
    const control = await prism.control(member);
    await prism.processes.stop("proxy");
    const created = await control.namespaces.create(queueRequest(namespace), { waitSeconds: 1 });
    expect(created.status).toBe("provisioning");
    const failures = async () =>
      (await control.namespaces.history(namespace, { type: "StepFailed" })).items.map(({ data }) =>
        JSON.stringify(data),
      );
    // A worker that stands still for a moment must not pass for dead: it is heard of more often than it has to be.
    const connection = await Connection.connect({
      address: prism.environment["PRISM_TEMPORAL_ADDRESS"] ?? "",
    });
    const workflow = new Client({ connection }).workflow.getHandle(`namespace/${namespace}`);
    let heard = { attempt: 0, atMs: 0 };
    /** Between two heartbeats of one attempt. */
    const gapMs = async () => {
      const { pendingActivities: all } = (await workflow.describe()).raw;
      const waiting = all?.find(({ activityType }) => activityType?.name === "registerWithProxies");
      const { attempt, lastHeartbeatTime: at } = waiting ?? {};
      const now = { attempt: attempt ?? 0, atMs: Number(at?.seconds ?? 0) * 1_000 + (at?.nanos ?? 0) / 1e6 };
      const before = heard;
      heard = now;
      const isNext = before.atMs > 0 && now.attempt === before.attempt && now.atMs > before.atMs;
      return isNext ? now.atMs - before.atMs : Number.POSITIVE_INFINITY;
    };
    await expect.poll(gapMs).toBeLessThan(Number(prism.environment["PRISM_HEARTBEAT_MS"]) / 2);
    await connection.close();
    await expect
      .poll(async () => (await failures()).join(), { timeout: 30_000 })
      .toContain("no proxy of shard-1 is alive");
    await prism.processes.start("proxy");
    const operation = async () => (await control.operations.get(created.operation?.id ?? "")).state;
    await expect.poll(operation, { timeout: 30_000 }).toBe("succeeded");
  });

  it("is accepted while no worker runs, can be looked at, and completes when one does", async () => {
    const namespace = prism.name("later");
    const control = await prism.control(member);
    await prism.processes.stop("worker");
    const created = await control.namespaces.create(queueRequest(namespace));
    const id = created.operation?.id ?? "";
    await expect
      .poll(async () => (await control.operations.get(id).catch(() => undefined))?.state, { timeout: 10_000 })
      .toBe("pending");
    expect((await control.namespaces.get(namespace)).status).toBe("provisioning");
    await expect(control.namespaces.create(queueRequest(namespace))).rejects.toMatchObject({
      code: "OPERATION_IN_PROGRESS",
    });
    const others = await prism.control(stranger);
    const theirs = { ...queueRequest(namespace), team: "marketing-team", access: {} };
    await expect(others.namespaces.create(theirs)).rejects.toMatchObject({ code: "NAMESPACE_EXISTS" });
    await prism.processes.start("worker");
    await expect
      .poll(async () => (await control.operations.get(id)).state, { timeout: 30_000 })
      .toBe("succeeded");
  });
});
