import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { Message } from "../../sdk/typescript/consumption.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "../proxy/control-plane.ts";
import { as, data, kafkaTopic, startProxy } from "../proxy/stage.ts";
import { until } from "../setup/until.ts";

let control: ControlPlane;
let proxies: Awaited<ReturnType<typeof startProxy>>[];

async function queue(namespace: string, more: Parameters<typeof queueEntry>[2] = {}) {
  const [topic] = await Promise.all([kafkaTopic(3), (await data()).provision(namespace)]);
  control.put(queueEntry(namespace, topic, { patterns: logged, ...more }));
  await control.acknowledged();
}

beforeAll(async () => {
  control = await controlPlane();
  // More than the SDK lets pass before it asks for more time, also where it is held up.
  const ackDeadlineMs = 13_000;
  proxies = [
    await startProxy(control, { ackDeadlineMs }),
    await startProxy(control, { proxyId: "proxy-2", ackDeadlineMs }),
  ];
  await queue("worked");
});

const client = (namespace = "worked") => as("owner", namespace, ...proxies);
const valuesOf = async (
  namespace: string,
  topic: string,
  count: number,
  from: object = { from: "earliest" },
) => {
  const consumer = client(namespace);
  const values: unknown[] = [];
  for await (const message of consumer.queue.consume(topic, { group: `g${Math.random()}`, ...from })) {
    values.push(message.json());
    await message.ack();
    if (values.length >= count) break;
  }
  consumer.close();
  return values;
};

// Side by side: one of them waits for longer than a proxy does.
describe.concurrent("a publisher", () => {
  it("publishes many at a time over all proxies, each key in its order", async () => {
    await queue("ordered", { ordered: true });
    const orders = client("ordered");
    const published = await Promise.all(
      Array.from({ length: 400 }, (_, at) => orders.queue.publish("t", at, { key: `k${at % 8}` })),
    );
    expect(new Set(published.map(({ messageId }) => messageId)).size).toBe(400);
    const values = (await valuesOf("ordered", "t", 400)) as number[];
    for (let key = 0; key < 8; key++) {
      const ofKey = values.filter((value) => value % 8 === key);
      expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b));
    }
    orders.close();
  });

  it("says the same of what is said twice under one key", async () => {
    const orders = client();
    const publish = (idempotencyKey: string) => orders.queue.publish("same", 1, { idempotencyKey });
    const [first, again, other] = [await publish("a"), await publish("a"), await publish("b")];
    expect(again).toEqual(first);
    expect(other.messageId).not.toBe(first.messageId);
    orders.close();
  });

  it("waits its turn where it is too fast, and nothing is lost", async () => {
    const limits = { maxMessageBytes: 1_000n, writeRps: 60, readRps: 1_000, connections: 20 };
    await queue("hurried", { limits });
    const orders = client("hurried");
    const started = performance.now();
    // Sixty at once at each of two proxies, and sixty a second after that.
    await Promise.all(Array.from({ length: 200 }, (_, at) => orders.queue.publish("t", at)));
    expect(performance.now() - started).toBeGreaterThan(500);
    expect(new Set(await valuesOf("hurried", "t", 200)).size).toBe(200);
    orders.close();
  });

  it("is told at once what no waiting can mend, with its details", async () => {
    const orders = client();
    await expect(orders.queue.publish("t", new Uint8Array(1_000_001))).rejects.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
      details: { field: "payload", limit_bytes: "1000000" },
    });
    await expect(as("reader", "worked", ...proxies).queue.publish("t", 1)).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    orders.close();
  });
});

describe.concurrent("a consumer", () => {
  it("begins at an offset that a publish has told, or at its time", async () => {
    const orders = client();
    const published = [];
    for (let at = 0; at < 5; at++) {
      published.push(await orders.queue.publish("from", at, { key: "k" }));
      await pause(3);
    }
    const { offset, recordedAt } = published[3] ?? { offset: "", recordedAt: new Date() };
    expect(await valuesOf("worked", "from", 2, { from: { offset } })).toEqual([3, 4]);
    expect(await valuesOf("worked", "from", 2, { from: { time: recordedAt } })).toEqual([3, 4]);
    orders.close();
  });

  it("works on several at a time; what fails comes again later, and in the end is put aside", async () => {
    const orders = client();
    for (let at = 0; at < 12; at++) await orders.queue.publish("work", at);
    let atATime = 0;
    let most = 0;
    const seen: Message[] = [];
    const working = orders.queue.work(
      "work",
      { group: "w", from: "earliest", concurrency: 4, delayMs: () => 20 },
      async (message) => {
        seen.push(message);
        most = Math.max(most, ++atATime);
        await until(() => most >= 4);
        // A fifth would have time to begin.
        await pause(15);
        atATime--;
        if (message.json() === 7) throw new Error("seven is refused");
      },
    );
    await until(() => seen.length === 16);
    await working.stop();
    expect([most, seen.filter((message) => message.json() === 7).map(({ attempt }) => attempt)]).toEqual([
      4,
      [1, 2, 3, 4, 5],
    ]);
    expect(await valuesOf("worked", "work.dead-letter", 1)).toEqual([7]);
    orders.close();
  });

  it("keeps what it has for longer than a proxy waits, as long as it lives", async () => {
    // At one proxy: where partitions move, what is under way comes again.
    const orders = as("owner", "worked", ...proxies.slice(0, 1));
    await orders.queue.publish("long", "work");
    const consumption = orders.queue.consume("long", { group: "g", from: "earliest" });
    const message = (await consumption.next()).value;
    const second = orders.queue.consume("long", { group: "g", from: "earliest" });
    let another = 0;
    void second.next().then(({ done }) => (another += done ? 0 : 1));
    await pause(15_000);
    expect(another).toBe(0);
    await message?.ack();
    await consumption.return();
    await second.return();
    orders.close();
  });
});
