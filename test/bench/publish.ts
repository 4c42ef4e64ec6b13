import { Producer } from "@platformatic/kafka";
import type { Benchmark, Figure } from "./benchmark.ts";
import { figure, type Load, load, middle } from "./load.ts";
import { payload, type Queue, topic, withQueue } from "./queue.ts";

type Shape = { readonly calls: number; readonly callers: number };

const shapes: readonly Shape[] = [
  { calls: 200, callers: 1 },
  { calls: 1_000, callers: 64 },
  { calls: 10_000, callers: 64 },
];
const warmUp: Shape = { calls: 2_000, callers: 64 };

/** Messages of 1 KiB through SDK and proxy, beside a producer that speaks to the same Kafka with as many under way. */
export const publish: Benchmark = {
  name: "publish",
  title: "Publishing",
  servers: ["postgres-control", "postgres-data", "temporal", "kafka"],
  async run() {
    const bare = await withQueue("eventual", (queue) => compared(queue, "a queue on Kafka"));
    const strong = await withQueue("strong", (queue) => compared(queue, "a queue of durability strong"));
    return { figures: [...bare.figures, ...strong.figures], notes: [...bare.notes, ...strong.notes] };
  },
};

async function compared(queue: Queue, kind: string) {
  const { client, brokers, pending } = queue;
  const producer = new Producer({ clientId: "bench", bootstrapBrokers: [...brokers] });
  try {
    const bare = await queue.bareTopic();
    const message = { topic: bare, value: payload };
    const through = () => client.queue.publish(topic, payload);
    const past = () => producer.send({ messages: [message], acks: -1 });
    await load(warmUp, through);
    await load(warmUp, past);
    const figures: Figure[] = [];
    const notes: string[] = [];
    for (const shape of shapes) {
      const said = `${shape.calls.toLocaleString("en")} messages, ${shape.callers} in flight`;
      const prism = await middle(() => load(shape, through));
      const direct = await middle(() => load(shape, past));
      figures.push(figure(`${said}: Prism, ${kind}`, "msgs", prism));
      figures.push(figure(`${said}: Kafka directly, a request each`, "msgs", direct));
      notes.push(
        `${said}, ${kind}: ${(prism.perSecond / direct.perSecond).toFixed(2)} times the rate of the direct producer.`,
      );
      if (shape.callers === 1) continue;
      const batch = { messages: Array.from({ length: shape.callers }, () => message), acks: -1 };
      const batched = await middle(() => inBatches(shape, () => producer.send(batch)));
      figures.push(figure(`${said}: Kafka directly, all of them in one request`, "msgs", batched));
    }
    if (pending.length > 0) notes.push(`Of ${kind} this build does not keep yet: ${pending.join(", ")}.`);
    return { figures, notes };
  } finally {
    await producer.close();
  }
}

/** As many messages under way, but in one request after the other: what a producer can do that has them all at hand. */
async function inBatches({ calls, callers }: Shape, send: () => Promise<unknown>): Promise<Load> {
  const { perSecond, cpuMicros, latenciesMs } = await load(
    { calls: Math.ceil(calls / callers), callers: 1 },
    send,
  );
  return { perSecond: perSecond * callers, cpuMicros: cpuMicros / callers, latenciesMs };
}
