import { beforeAll, describe, expect, it } from "vitest";
import type { Message } from "../../sdk/typescript/consumption.ts";
import { type ControlPlane, controlPlane, queueEntry } from "./control-plane.ts";
import { as, kafkaTopic, startProxy } from "./stage.ts";

let control: ControlPlane;
let one: Awaited<ReturnType<typeof startProxy>>;
let _two: Awaited<ReturnType<typeof startProxy>>;
let topics: readonly string[];

beforeAll(async () => {
  control = await controlPlane();
  topics = await Promise.all([kafkaTopic(4), kafkaTopic(1), kafkaTopic(3)]);
  const [plain = "", ordered = "", spread = ""] = topics;
  control.put(queueEntry("plain", plain));
  control.put(queueEntry("in-order", ordered, { ordered: true }));
  control.put(queueEntry("spread", spread, { ordered: true }));
  one = await startProxy(control);
  _two = await startProxy(control, { proxyId: "proxy-2" });
  await control.acknowledged();
});

type Options = Parameters<ReturnType<typeof as>["queue"]["consume"]>[1];

/** Reads until `enough`; acknowledges what `ack` says. */
async function take(
  client: ReturnType<typeof as>,
  topic: string,
  options: Options,
  count: number,
  ack: (message: Message) => boolean = () => true,
): Promise<Message[]> {
  const taken: Message[] = [];
  for await (const message of client.queue.consume(topic, options)) {
    taken.push(message);
    if (ack(message)) await message.ack();
    if (taken.length >= count) break;
  }
  return taken;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe("a queue", () => {
  it("delivers 1,000 published messages once each, as they were published", async () => {
    const writer = as("writer", "plain", one);
    const published = await Promise.all(
      numbers(1_000).map((order) =>
        writer.queue.publish("orders", { order }, { key: `k${order % 7}`, metadata: { source: "test" } }),
      ),
    );
    const taken = await take(
      as("reader", "plain", one),
      "orders",
      { group: "billing", from: "earliest" },
      1_000,
    );
    expect(new Set(taken.map((message) => message.json<{ order: number }>().order)).size).toBe(1_000);
    const offsets = new Map(published.map(({ messageId, offset }) => [messageId, offset]));
    for (const message of taken) expect(message.offset).toBe(offsets.get(message.id));
    expect(taken[0]).toMatchObject({ topic: "orders", attempt: 1, metadata: { source: "test" } });
  });

  it("keeps bytes, an empty payload and a missing key as they are", async () => {
    const owner = as("owner", "plain", one);
    await owner.queue.publish("bytes", new Uint8Array([0, 255, 7]), { key: "k" });
    await owner.queue.publish("bytes", new Uint8Array());
    const taken = await take(owner, "bytes", { group: "g", from: "earliest" }, 2);
    const sorted = taken.sort((a, b) => b.payload.length - a.payload.length);
    expect(sorted.map(({ key, payload }) => [key, [...payload]])).toEqual([
      ["k", [0, 255, 7]],
      ["", []],
    ]);
  });

  it("keeps the order of each key, also over several partitions and consumers", async () => {
    const writer = as("writer", "spread", one);
    for (const round of numbers(30)) {
      await Promise.all(
        numbers(10).map((key) => writer.queue.publish("steps", { round }, { key: `k${key}` })),
      );
    }
    const seen = new Map<string, number[]>();
    const consumer = async (client: ReturnType<typeof as>) => {
      for await (const message of client.queue.consume("steps", {
        group: "walk",
        from: "earliest",
        credit: 20,
      })) {
        seen.set(message.key, [...(seen.get(message.key) ?? []), message.json<{ round: number }>().round]);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
        await message.ack();
        if ([...seen.values()].flat().length >= 300) break;
      }
    };
    await Promise.race([consumer(as("reader", "spread", one)), consumer(as("owner", "spread", one))]);
    expect([...seen.values()].flat().length).toBe(300);
    for (const rounds of seen.values()) expect(rounds).toEqual(numbers(30));
  });

  it("holds back what follows an unacknowledged message of its key, and nothing else", async () => {
    const client = as("owner", "in-order", one);
    for (const [key, value] of [
      ["a", 1],
      ["a", 2],
      ["b", 3],
    ] as const) {
      await client.queue.publish("held", value, { key });
    }
    const consumption = client.queue.consume("held", { group: "g", from: "earliest" });
    const first = (await consumption.next()).value as Message;
    const other = (await consumption.next()).value as Message;
    expect([first.json(), other.json()]).toEqual([1, 3]);
    await first.ack();
    expect(((await consumption.next()).value as Message).json()).toBe(2);
    await consumption.return();
  });
});
