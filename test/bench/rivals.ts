import { Producer } from "@platformatic/kafka";
import type { Figure } from "./benchmark.ts";
import { withEcho } from "./echo.ts";
import type { Shoot, Shots } from "./h2load.ts";
import { withDurableJetStream } from "./jetstream.ts";
import { enough, figure, type Load, load, middle } from "./load.ts";
import { payload, type Queue } from "./queue.ts";

/** Each beside Prism in the same run, with as many under way. */
type Rival = (queue: Queue, inFlight: number) => Promise<readonly Figure[]>;

const warmUp = 2_000;
const most = 30_000;

/** A producer that waits for all replicas, as Prism's own does. */
export const kafkaDirectly: Rival = async (queue, inFlight) => {
  const producer = new Producer({ clientId: "bench", bootstrapBrokers: [...queue.brokers] });
  try {
    const message = { topic: await queue.bareTopic(), value: payload };
    const batch = { messages: Array.from({ length: inFlight }, () => message), acks: -1 };
    const each = () => producer.send({ messages: [message], acks: -1 });
    const calls = enough(await load({ calls: warmUp, callers: inFlight }, each), most);
    const single = await middle(() => load({ calls, callers: inFlight }, each));
    const together = await middle(() => inBatches({ calls, inFlight }, () => producer.send(batch)));
    return [
      figure(`Kafka directly, a request each, ${inFlight} in flight`, "msgs", single),
      figure(`Kafka directly, ${inFlight} in one request`, "msgs", together),
    ];
  } finally {
    await producer.close();
  }
};

/** As many messages under way, but in one request after the other: what a producer can do that has them all at hand. */
async function inBatches({ calls, inFlight }: Shots, send: () => Promise<unknown>): Promise<Load> {
  const { perSecond, cpuMicros, latenciesMs } = await load(
    { calls: Math.ceil(calls / inFlight), callers: 1 },
    send,
  );
  return { perSecond: perSecond * inFlight, cpuMicros: cpuMicros / inFlight, latenciesMs };
}

/** What one would pick for the same durability. */
export const jetStream: Rival = (_, inFlight) =>
  withDurableJetStream(async (put) => {
    const each = () => put(payload);
    const calls = enough(await load({ calls: warmUp, callers: inFlight }, each), most);
    const measured = await middle(() => load({ calls, callers: inFlight }, each));
    return [figure(`JetStream, sync_interval always, ${inFlight} in flight`, "msgs", measured)];
  });

/** Nothing but gRPC: no publish through it can cost less. */
export const bareEcho =
  (shoot: Shoot, headers: Readonly<Record<string, string>>): Rival =>
  (_, inFlight) =>
    withEcho(async ({ address }) => {
      const shot = { address, path: "/echo/Echo", message: payload, headers };
      const calls = enough(await shoot(shot, { calls: warmUp, inFlight }), most);
      const measured = await middle(() => shoot(shot, { calls, inFlight }));
      return [figure(`gRPC that answers and does nothing, ${inFlight} in flight`, "calls", measured)];
    });
