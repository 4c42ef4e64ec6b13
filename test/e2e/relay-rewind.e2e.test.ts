import { Admin } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Control } from "../../sdk/typescript/control.ts";
import { soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { cells, failpointOf } from "./kill-matrix.ts";
import { member, orderApi, queueRequest, stranger } from "./request.ts";
import { runPrism } from "./run-prism.ts";

describe("`prism relay rewind`", () => {
  let prism: TestPrism;
  let alice: Control;
  let token: string;
  beforeAll(async () => {
    prism = await testPrism();
    [alice, token] = await Promise.all([prism.control(member), prism.token(member)]);
  });
  afterAll(() => prism?.close());

  const active = async (prefix: string, needs?: object): Promise<string> => {
    const name = prism.name(prefix);
    await alice.namespaces.create(queueRequest(name, needs && { needs }), { waitSeconds: 40 });
    return name;
  };
  const rewind = (name: string, ...more: readonly string[]) =>
    runPrism(prism.api, token, ["relay", "rewind", name, "-o", "json", ...more]);

  /** What Kafka holds, the probe's message included. */
  const held = async (name: string): Promise<number> => {
    const brokers = (prism.environment["PRISM_KAFKA_BROKERS"] ?? "").split(",");
    const admin = new Admin({ clientId: "prism-test", bootstrapBrokers: brokers });
    try {
      const partitions = [{ partitionIndex: 0, timestamp: -1n }];
      const [topic] = await admin.listOffsets({ topics: [{ name: `${name}-queue`, partitions }] });
      return Number(topic?.partitions[0]?.offset ?? 0n);
    } finally {
      await admin.close();
    }
  };

  /** The next `count` messages of a group that begins at the beginning. */
  const delivered = async (name: string, group: string, count: number) => {
    const { queue } = await prism.client(name, orderApi);
    const got: { key: string; value: number }[] = [];
    for await (const message of queue.consume("orders", { group, from: "earliest" })) {
      got.push({ key: message.key, value: message.json() as number });
      await message.ack();
      if (got.length === count) break;
    }
    return got;
  };

  it("sends the last hour again, while nobody is shown a message twice and each key keeps its order", async () => {
    const name = await active("rewound");
    const { queue } = await prism.client(name, orderApi);
    for (let at = 0; at < 30; at++) await queue.publish("orders", at, { key: `k${at % 3}` });
    expect(await delivered(name, "before", 30)).toHaveLength(30);
    const before = await held(name);

    const { code, stdout } = await rewind(name);
    expect(code).toBe(0);
    // The probe of the create is in the log too, or the probes where a busy machine had it try again.
    expect(before).toBeGreaterThanOrEqual(31);
    expect(JSON.parse(stdout)).toMatchObject({ status: "active", messages: before, from: "1" });
    await until(async () => (await held(name)) >= 2 * before, 30_000);

    await queue.publish("orders", 30, { key: "k0" });
    // A group that has seen them goes on behind them; one that comes now meets each once, in order.
    expect(await delivered(name, "before", 1)).toEqual([{ key: "k0", value: 30 }]);
    const late = await delivered(name, "late", 31);
    for (const key of ["k0", "k1", "k2"]) {
      const values = late.flatMap((message) => (message.key === key ? [message.value] : []));
      expect(values).toEqual([...values].sort((a, b) => a - b));
    }
    expect(new Set(late.map(({ value }) => value)).size).toBe(31);
  });

  it("again sends again, and a repeat under the same key does not", async () => {
    const name = await active("repeated");
    const { queue } = await prism.client(name, orderApi);
    for (let at = 0; at < 5; at++) await queue.publish("orders", at, { key: "k" });
    await delivered(name, "g", 5);
    const logged = await held(name);
    const once = { waitSeconds: 40, idempotencyKey: "broker-2-lost-its-disk" };
    const [first, second] = [
      await alice.namespaces.rewindRelay(name, once),
      await alice.namespaces.rewindRelay(name, once),
    ];
    expect(first.operation).toMatchObject({ kind: "rewind", state: "succeeded" });
    expect(second.operation?.id).toBe(first.operation?.id);
    await alice.namespaces.rewindRelay(name, { waitSeconds: 40 });
    const { items } = await alice.namespaces.history(name, { type: "RelayRewound" });
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({ actor: "user:alice", data: { messages: logged, from: "1" } });
    const { items: audited } = await (
      await prism.control({ subject: "user:auditor", scopes: ["prism:audit"] })
    ).audit({ namespace: name });
    const deeds = audited.map(({ kind, action, outcome }) => `${kind} ${action}: ${outcome}`);
    const told = (deed: string) => deeds.filter((each) => each === deed).length;
    // Asked three times, done twice.
    expect(told("change rewind relay: succeeded")).toBe(3);
    expect(told("event rewind relay: succeeded")).toBe(2);
  });

  const all = cells("rewind", 0);
  const tried = soaking ? all : all.filter(({ moment }) => moment === "after");
  it.each(tried)("survives its worker, killed at $activity, $moment: done once", async (cell) => {
    const name = await active(`killed-${all.indexOf(cell)}`);
    const { queue } = await prism.client(name, orderApi);
    for (let at = 0; at < 5; at++) await queue.publish("orders", at, { key: "k" });
    await delivered(name, "g", 5);
    await prism.processes.stop("worker");
    await prism.processes.start("worker", { PRISM_FAILPOINT: failpointOf(cell, name, []) });
    const { operation } = await alice.namespaces.rewindRelay(name);
    await until(() => !prism.processes.running("worker"), 60_000);
    await prism.processes.start("worker");
    await until(async () => (await alice.operations.get(operation?.id ?? "")).ended_at !== null, 60_000);
    const { items } = await alice.namespaces.history(name);
    const told = items.slice(-3).map(({ type }) => type);
    expect(told.filter((type) => type === "RelayRewound")).toEqual(["RelayRewound"]);
    expect(await alice.operations.get(operation?.id ?? "")).toMatchObject({ state: "succeeded" });
    const late = await delivered(name, "late", 5);
    expect(late.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4]);
  });

  it("refuses what has no log, what is not there, and who does not own it", async () => {
    const bare = await active("bare", { ordered: true });
    expect(await rewind(bare)).toMatchObject({ code: 1, stderr: expect.stringContaining("keeps no log") });
    expect(await rewind("nobody-has-this")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("NOT_FOUND"),
    });
    expect(await runPrism(prism.api, token, ["relay", "rewind"])).toMatchObject({ code: 2 });
    for (const [who, code] of [
      [stranger, "NOT_FOUND"],
      [orderApi, "FORBIDDEN"],
    ] as const) {
      const refused = (await prism.control(who)).namespaces.rewindRelay(bare);
      await expect(refused).rejects.toMatchObject({ code });
    }
  });
});
