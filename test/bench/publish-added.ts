import { randomUUID } from "node:crypto";
import { Producer } from "@platformatic/kafka";
import type { Measured } from "./benchmark.ts";
import type { Shot } from "./h2load.ts";
import { latencies, load, percentile, steady } from "./load.ts";
import { publishPath, request } from "./publish-unary.ts";
import { payload, type Queue } from "./queue.ts";
import { unary } from "./unary.ts";

const steadily = { perSecond: 1_000, calls: 4_000 };

/** What Prism adds to a call at a rate that strains neither, both from clients in this process. */
export async function added(queue: Queue, headers: Shot["headers"]): Promise<Measured> {
  const [proxy] = queue.proxies;
  const shot = { address: proxy?.address ?? "", path: publishPath, headers };
  const through = unary(shot, () => request(randomUUID()));
  const producer = new Producer({ clientId: "bench", bootstrapBrokers: [...queue.brokers] });
  try {
    const messages = [{ topic: await queue.bareTopic(), value: payload }];
    const direct = () => producer.send({ messages, acks: -1 });
    await load({ calls: 500, callers: 1 }, direct);
    const past = await steady(steadily, direct);
    const prism = await through.steady(steadily);
    const more = (share: number) => (percentile(prism, share) - percentile(past, share)).toFixed(1);
    const rate = `at a steady ${steadily.perSecond.toLocaleString("en")}/s`;
    return {
      figures: [
        { what: `durable, ${rate}, load from Node`, ...latencies(prism) },
        { what: `Kafka directly, ${rate}`, ...latencies(past) },
      ],
      notes: [`Added to the direct client's ${rate}: ${more(0.5)} ms at p50, ${more(0.99)} ms at p99.`],
    };
  } finally {
    await producer.close();
  }
}
