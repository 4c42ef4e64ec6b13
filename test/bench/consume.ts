import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Consumer } from "@platformatic/kafka";
import type { Benchmark, Figure } from "./benchmark.ts";
import { latencies, load, paced } from "./load.ts";
import { payload, type Queue, topic, withQueue } from "./queue.ts";

const backlog = 20_000;
const live = { perSecond: 200, calls: 1_000 };
const goalPerSecond = 15_000;
const settleMs = 2_000;
const patienceMs = 15_000;

/** The same messages read through proxy and SDK, each acknowledged, and by a consumer that speaks to Kafka itself. */
export const consume: Benchmark = {
  name: "consume",
  title: "Consuming",
  servers: ["postgres-control", "postgres-data", "temporal", "kafka"],
  run: () =>
    withQueue("strong", async (queue) => {
      await load({ calls: backlog, callers: 512 }, () => queue.client.queue.publish(topic, payload));
      await queue.relayed();
      const figures: Figure[] = [];
      const rates: number[] = [];
      for (const [who, read] of [
        ["Prism, each acknowledged", prismReader],
        ["Kafka directly", kafkaReader],
      ] as const) {
        const drained = await drain(queue, read);
        rates.push(drained);
        const goal = { said: `≥ ${goalPerSecond.toLocaleString("en")}/s`, met: drained >= goalPerSecond };
        figures.push({
          what: `${backlog.toLocaleString("en")} messages waiting: ${who}`,
          unit: "msgs",
          perSecond: drained,
          ...(read === prismReader ? { goal } : {}),
        });
      }
      for (const [who, read] of [
        ["Prism", prismReader],
        ["Kafka directly", kafkaReader],
      ] as const) {
        const under = await underWay(queue, read);
        figures.push({
          what: `published at ${live.perSecond}/s through Prism, until received: ${who}`,
          ...latencies(under),
        });
      }
      const [prism = 0, direct = 1] = rates;
      return {
        figures,
        notes: [
          `The backlog comes at ${(prism / direct).toFixed(2)} times the rate of the direct consumer, which commits its offsets by itself every 100 ms.`,
          "Counted from when the group stands to the last message.",
        ],
      };
    }),
};

type Reading = { ready: Promise<void>; values: AsyncIterable<Uint8Array>; close(): Promise<unknown> };
type Read = (queue: Queue, from: "earliest" | "latest") => Promise<Reading>;

const prismReader: Read = async ({ client }, from) => {
  const messages = client.queue.consume(topic, { group: randomUUID(), from, credit: 1_000 });
  async function* values() {
    for await (const message of messages) {
      yield message.payload;
      void message.ack();
    }
  }
  return { ready: messages.ready, values: values(), close: () => messages.return() };
};

const kafkaReader: Read = async ({ brokers, carrier }) => {
  const consumer = new Consumer({ clientId: "bench", groupId: randomUUID(), bootstrapBrokers: [...brokers] });
  // From the start, always: with "latest" it does not tell where it stands, and what comes meanwhile passes it by.
  const options = { mode: "earliest", autocommit: 100, maxWaitTime: 500 } as const;
  const stream = await consumer.consume({ ...options, topics: [carrier] });
  async function* values() {
    for await (const message of stream) yield message.value;
  }
  const close = async () => {
    await stream.close();
    await consumer.close();
  };
  return { ready: Promise.resolve(), values: values(), close };
};

/** Messages a second, once the group stands. */
async function drain(queue: Queue, read: Read): Promise<number> {
  const reading = await read(queue, "earliest");
  await reading.ready;
  const begun = performance.now();
  let count = 0;
  for await (const _ of reading.values) if (++count === backlog) break;
  const tookMs = performance.now() - begun;
  await reading.close();
  return (backlog * 1_000) / tookMs;
}

/** How long each message was under way from the call of its publish. */
async function underWay(queue: Queue, read: Read): Promise<Float64Array> {
  const reading = await read(queue, "latest");
  await reading.ready;
  await pause(settleMs);
  const run = randomUUID();
  const tookMs: number[] = [];
  const receiving = (async () => {
    for await (const value of reading.values) {
      const text = Buffer.from(value).toString();
      if (!text.includes(run)) continue;
      tookMs.push(performance.now() - (JSON.parse(text) as { sent: number }).sent);
      if (tookMs.length === live.calls) break;
    }
  })();
  await paced(live, () =>
    queue.client.queue.publish(topic, { run, sent: performance.now(), more: "x".repeat(950) }),
  );
  const late = pause(patienceMs).then(() => {
    throw new Error(`${tookMs.length} of ${live.calls} messages were received`);
  });
  late.catch(() => {});
  await Promise.race([receiving, late]);
  await reading.close();
  return Float64Array.from(tookMs).sort();
}
