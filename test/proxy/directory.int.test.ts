import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { decodeCopy } from "../../proxy/disk-copy.ts";
import { freePort } from "../../stack/ports.ts";
import { until } from "../setup/until.ts";
import { type ControlPlane, type ControlPlaneOptions, controlPlane, queueEntry } from "./control-plane.ts";
import { folder } from "./opened.ts";
import { rawClient } from "./raw-client.ts";
import { rawConsumer } from "./raw-consumer.ts";
import { as, kafkaTopic, startProxy } from "./stage.ts";

let topic: string;
let other: string;
let dataDir: string;
let running: { stop(): Promise<void> }[];
let controls: ControlPlane[];

beforeEach(async () => {
  running = [];
  controls = [];
  [topic, other, dataDir] = await Promise.all([kafkaTopic(1), kafkaTopic(1), folder()]);
});

afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await Promise.all(controls.map((each) => each.close()));
});

const control = async (options: ControlPlaneOptions = {}) => {
  const started = await controlPlane(options);
  controls.push(started);
  return started;
};
const proxy = async (at: { address: string }) => {
  const started = await startProxy(at, { dataDir });
  running.push(started);
  return started;
};
const nobody = { address: "127.0.0.1:1" };
const connected = async ({ operatorPort }: { operatorPort: number }): Promise<boolean> => {
  const answer = await fetch(`http://127.0.0.1:${operatorPort}/readyz`);
  return ((await answer.json()) as { control_plane: { connected: boolean } }).control_plane.connected;
};
const publishing = async ({ address }: { address: string }, namespace: string) => {
  const client = rawClient(address, { authorization: "Bearer writer", "prism-namespace": namespace });
  return client.refused(QueueService.method.publish, { topic: "t" }).finally(() => client.close());
};

describe("a proxy without control plane", () => {
  it("serves after a restart what it knew before, as long as each namespace allows", async () => {
    const plane = await control({ leaseMs: 1_500 });
    plane.put(queueEntry("patient", topic));
    plane.put(queueEntry("strict", other, { staleLimitMs: 0 }));
    const before = await proxy(plane);
    await plane.acknowledged();
    await as("writer", "patient", before).queue.publish("t", "kept");
    await plane.close();
    await until(async () => !(await connected(before)));
    await before.stop();
    expect(plane.goodbyes).toBe(0);
    expect((await stat(join(dataDir, "directory"))).mode & 0o777).toBe(0o600);

    const after = await proxy(nobody);
    const consumption = as("reader", "patient", after).queue.consume("t", { group: "g", from: "earliest" });
    expect((await consumption.next()).value?.json()).toBe("kept");
    await consumption.return();
    await pause(1_600);
    expect(await publishing(after, "strict")).toMatchObject({ reason: "NAMESPACE_NOT_READY" });
    await as("writer", "patient", after).queue.publish("t", 2);
  });

  it("serves nothing after a goodbye until it is heard again: nobody has waited for it", async () => {
    const plane = await control({ goodbye: () => Promise.resolve() });
    plane.put(queueEntry("patient", topic));
    const before = await proxy(plane);
    await plane.acknowledged();
    await before.stop();
    await until(() => plane.goodbyes === 1);
    const alone = await proxy(nobody);
    expect(await publishing(alone, "patient")).toMatchObject({ reason: "NAMESPACE_NOT_READY" });
    await alone.stop();

    const again = await proxy(plane);
    await as("writer", "patient", again).queue.publish("t", 1);
  });

  it("goes on when it dies under way, ends streams at the limit, and resumes when it is back", async () => {
    const first = await control({ leaseMs: 900, port: await freePort() });
    first.put(queueEntry("patient", topic));
    first.put(queueEntry("strict", other, { staleLimitMs: 0 }));
    const started = await proxy(first);
    await first.acknowledged();
    const strict = as("owner", "strict", started).queue.consume("t", { group: "g" });
    await strict.ready;
    const raw = rawClient(started.address, { authorization: "Bearer owner", "prism-namespace": "strict" });
    const beside = rawConsumer(raw, { topic: "t", group: "g" });
    await first.close();
    expect(await beside.ended).toMatchObject({ reason: "NAMESPACE_NOT_READY" });
    raw.close();
    await as("owner", "patient", started).queue.publish("t", 1);
    // Last: the SDK asks for ten seconds.
    const refused = as("owner", "strict", started).queue.publish("t", 1);
    await pause(300);

    const second = await control({ leaseMs: 900, port: first.port });
    second.put(queueEntry("filler", topic));
    second.put(queueEntry("strict", other, { staleLimitMs: 0 }));
    second.put(queueEntry("patient", topic));
    await second.acknowledged();
    // The SDK has asked again and again; the consumer has come back by itself.
    const { offset } = await refused;
    const message = (await strict.next()).value;
    expect([message?.json(), message?.offset]).toEqual([1, offset]);
    await strict.return();
  });

  it("does not trust a damaged copy, and takes a new snapshot", async () => {
    await writeFile(join(dataDir, "directory"), "this is not a directory");
    const plane = await control();
    plane.put(queueEntry("orders", topic));
    const started = await proxy(plane);
    await plane.acknowledged();
    expect(plane.hellos[0]).toMatchObject({ lastVersion: 0n, shard: "shard-1", proxy: "proxy-1" });
    await as("owner", "orders", started).queue.publish("t", 1);
  });
});

describe("a proxy and its control plane", () => {
  it("acknowledges each version and renews its lease in a third of it", async () => {
    const plane = await control({ leaseMs: 600 });
    plane.put(queueEntry("orders", topic));
    await proxy(plane);
    await plane.acknowledged();
    const heard = async (): Promise<number> => {
      const before = plane.statuses.length;
      await until(() => plane.statuses.length > before, 30_000, 5);
      return performance.now();
    };
    const gaps: number[] = [];
    // Five in a row, most of them in time: a busy machine may be late now and then.
    const inTime = () => gaps.slice(-5).filter((ms) => ms < 300).length;
    for (let last = await heard(); inTime() < 3 && gaps.length < 100; ) {
      const now = await heard();
      gaps.push(now - last);
      last = now;
    }
    expect(inTime()).toBe(3);
    await expect
      .poll(() => plane.statuses.at(-1))
      .toMatchObject({
        appliedVersion: plane.version,
        healthy: true,
        refused: {},
      });
  });

  it("has on disk what it acknowledges: a restart must not bring back what was revoked", async () => {
    const plane = await control();
    plane.put(queueEntry("orders", topic));
    await proxy(plane);
    for (const version of [2, 3, 4, 5]) {
      plane.put(queueEntry("orders", topic, { version, consumers: [] }));
      await plane.acknowledged();
      const copy = decodeCopy(await readFile(join(dataDir, "directory")));
      expect(copy?.snapshot).toMatchObject({ version: plane.version, entries: [{ version }] });
    }
  });

  it("says which namespaces it cannot serve, and serves the others", async () => {
    const plane = await control();
    plane.put(queueEntry("orders", topic));
    plane.put(queueEntry("newer", topic, { patterns: [{ type: "wal", version: 99 }] }));
    plane.put(queueEntry("unknown", topic, { patterns: [{ type: "teleport", version: 1 }] }));
    const started = await proxy(plane);
    await plane.acknowledged();
    const refused: Record<string, string> = plane.statuses.at(-1)?.refused ?? {};
    expect(Object.keys(refused).sort()).toEqual(["newer", "unknown"]);
    expect(refused["newer"]).toContain("not 99");
    await as("owner", "orders", started).queue.publish("t", 1);
    await expect(as("owner", "newer", started).queue.publish("t", 1)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("asks for all of the directory again where it could not serve a part of it", async () => {
    const plane = await control();
    plane.put(queueEntry("newer", topic, { patterns: [{ type: "wal", version: 99 }] }));
    const first = await proxy(plane);
    await plane.acknowledged();
    await plane.close();
    await until(async () => !(await connected(first)));
    await first.stop();
    const later = await control();
    await proxy(later);
    await until(() => later.hellos.length > 0);
    expect(later.hellos[0]?.lastVersion).toBe(0n);
  });

  it("refuses before it says goodbye, from when on nobody waits for it", async () => {
    const answered = Promise.withResolvers<unknown>();
    const plane = await control({
      goodbye: async () => answered.resolve(await publishing(started, "orders").catch(String)),
    });
    plane.put(queueEntry("orders", topic));
    const started = await proxy(plane);
    await plane.acknowledged();
    await as("writer", "orders", started).queue.publish("t", 1);
    // It waits half a second for an answer to its goodbye; a busy machine may need longer to look.
    const [closing] = started.stopping.filter(({ name }) => name === "calls");
    const close = closing?.stop;
    Object.assign(closing ?? {}, { stop: () => answered.promise.then(close) });
    await started.stop();
    expect(await answered.promise).toMatchObject({ reason: "NAMESPACE_NOT_READY" });
  });

  it("counts the calls in flight of what drains", async () => {
    const plane = await control();
    plane.put(queueEntry("orders", topic));
    const started = await proxy(plane);
    await plane.acknowledged();
    const consumption = as("owner", "orders", started).queue.consume("t", { group: "g" });
    await consumption.ready;
    const next = consumption.next().catch(() => {});
    plane.put({ ...queueEntry("orders", topic, { version: 2 }), state: 3 });
    await plane.acknowledged();
    await expect.poll(() => plane.statuses.at(-1)?.inFlight).toEqual({ orders: 0 });
    await next;
  });
});
