import { randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { Producer } from "@platformatic/kafka";
import { PublishRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import type { Benchmark, Figure } from "./benchmark.ts";
import { fsyncMs } from "./fsync.ts";
import { h2load, type Shoot } from "./h2load.ts";
import { enough, figure, type Load, latencies, load, middle, percentile, steady } from "./load.ts";
import { meter, spentText } from "./meter.ts";
import { payload, type Queue, topic, withQueue } from "./queue.ts";
import { bareEcho, jetStream, kafkaDirectly } from "./rivals.ts";
import { unary, unaryLoad } from "./unary.ts";

const inFlight = 128;
// Until Node and Kafka's Java have compiled what is called most: before that a message costs them twice as much.
const warmUp = 16_000;
const most = 30_000;
const streams = 512;
const steadily = { perSecond: 1_000, calls: 4_000 };
// On an idle machine it takes half of it.
const patienceMs = 150_000;
const lagLimitMs = 1_000;
const path = "/prism.v1.QueueService/Publish";

/**
 * Messages of 1 KiB into a durable queue, everything on: tokens, access, limits, metrics, the
 * log's commit before each answer. Beside it in the same run what one would use instead.
 */
export const publish: Benchmark = {
  name: "publish",
  title: "Publishing",
  servers: ["postgres-control", "postgres-data", "temporal", "kafka"],
  run: () =>
    withQueue("strong", async (queue) => {
      const found = await h2load();
      const shoot = found ?? unaryLoad;
      const figures: Figure[] = [];
      const notes = [
        found === undefined
          ? "Load from a client in Node: h2load is not installed (`prism doctor`), and this takes a share of the cores that h2load does not."
          : "Load from h2load, over one connection to each proxy.",
        fsyncText(),
      ];
      const headers = { authorization: `Bearer ${queue.token}`, "prism-namespace": queue.namespace };
      const steps: Record<string, () => Promise<Findings>> = {
        "one proxy": () => throughProxies(queue, shoot, headers),
        "one at a time": () => alone(queue, shoot, headers),
        streamed: () => throughStream(queue),
        "idempotency keys": () => keyed(queue, headers),
        "a steady rate": () => added(queue, headers),
        "Kafka directly": async () => ({ figures: await kafkaDirectly(queue, inFlight) }),
        JetStream: async () => ({ figures: await jetStream(queue, inFlight) }),
        "bare gRPC": async () => ({ figures: await bareEcho(shoot, headers)(queue, inFlight) }),
        "two proxies": async () => {
          await queue.addProxy();
          return throughProxies(queue, shoot, headers);
        },
      };
      const until = performance.now() + patienceMs;
      for (const [what, step] of Object.entries(steps)) {
        try {
          if (performance.now() > until) throw new Error("the machine was too busy to come to it");
          const measured = await step();
          figures.push(...measured.figures);
          notes.push(...(measured.notes ?? []));
        } catch (error) {
          // One that cannot be measured takes nothing from the others.
          notes.push(`Not measured, ${what}: ${(error as Error).message}`);
          console.error(what, error);
        }
      }
      return { figures, notes };
    }),
};

type Findings = { readonly figures: readonly Figure[]; readonly notes?: readonly string[] };
type Headers = Readonly<Record<string, string>>;

const request = (idempotencyKey = ""): Uint8Array =>
  toBinary(PublishRequestSchema, create(PublishRequestSchema, { topic, payload, idempotencyKey }));

/** As many in flight over all proxies together, whose number is what differs. */
async function throughProxies(queue: Queue, shoot: Shoot, headers: Headers): Promise<Findings> {
  const { length } = queue.proxies;
  const message = request();
  const round = async (calls: number): Promise<Load> => {
    const shots = { calls: calls / length, inFlight: inFlight / length };
    const each = await Promise.all(
      queue.proxies.map(({ address }) => shoot({ address, path, message, headers }, shots)),
    );
    return together(each);
  };
  const calls = enough(await round(warmUp), most);
  let lagMs = 0;
  const before = await succeeded(queue);
  const spent = meter(queue);
  const rounds = 3;
  const measured = await middle(async () => {
    const done = await round(calls);
    lagMs = Math.max(lagMs, await queue.relayed());
    return done;
  }, rounds);
  const spentEach = spent(rounds * calls);
  const answered = (await succeeded(queue)) - before;
  if (answered !== rounds * calls) throw new Error(`of ${rounds * calls} publishes ${answered} succeeded`);
  const [least, proxies] = length === 1 ? [10_000, "one proxy"] : [16_000, `${length} proxies`];
  const said = length === 1 ? "≥ 10,000/s (aim 13,000)" : "aim 16,000/s";
  const met = measured.perSecond >= least && lagMs <= lagLimitMs;
  return {
    figures: [
      { ...figure(`durable, ${inFlight} in flight, ${proxies}`, "msgs", measured), goal: { said, met } },
    ],
    notes: [
      `CPU a message, ${proxies}: ${spentText({ ...spentEach, "the load": measured.cpuMicros })}. The relay was done ${Math.ceil(lagMs)} ms after the last answer at the latest${lagMs > lagLimitMs ? ", which is too late to count" : ""}.`,
    ],
  };
}

const together = (each: readonly Load[]): Load => ({
  perSecond: each.reduce((sum, { perSecond }) => sum + perSecond, 0),
  cpuMicros: each.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0) / each.length,
  latenciesMs: Float64Array.from(each.flatMap(({ latenciesMs }) => [...latenciesMs])).sort(),
});

/** How many publishes proxies have answered with success: HTTP's status says nothing of it. */
async function succeeded({ proxies, namespace }: Queue): Promise<number> {
  const counts = proxies.map(async ({ operator }) => {
    const text = await (await fetch(`http://${operator}/metrics`)).text();
    const counter = new RegExp(
      `^prism_requests_total{namespace="${namespace}",api="queue",status="success"} (\\d+)`,
      "m",
    );
    return Number(counter.exec(text)?.[1] ?? 0);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

async function alone({ proxies: [proxy] }: Queue, shoot: Shoot, headers: Headers): Promise<Findings> {
  const shot = { address: proxy?.address ?? "", path, message: request(), headers };
  const calls = enough(await shoot(shot, { calls: 200, inFlight: 1 }), most);
  const measured = await middle(() => shoot(shot, { calls, inFlight: 1 }));
  const { p50 = 0, p99 = 0 } = latencies(measured.latenciesMs);
  const goal = { said: "p50 ≤ 1 ms, p99 ≤ 5 ms (aim 2.5)", met: p50 <= 1 && p99 <= 5 };
  return { figures: [{ ...figure("durable, 1 in flight", "msgs", measured), goal }] };
}

/** Each under a key of its own, which h2load cannot make: from a client in this process. */
async function keyed({ proxies: [proxy] }: Queue, headers: Headers): Promise<Findings> {
  const shoot = unary({ address: proxy?.address ?? "", path, headers }, () => request(randomUUID()));
  const calls = enough(await shoot({ calls: warmUp, inFlight }), most);
  const measured = await middle(() => shoot({ calls, inFlight }));
  return {
    figures: [figure(`durable, ${inFlight} in flight, idempotency keys, load from Node`, "msgs", measured)],
  };
}

async function throughStream(queue: Queue): Promise<Findings> {
  const { client, relayed } = queue;
  const through = () => client.queue.publish(topic, payload);
  const callers = streams;
  const calls = enough(await load({ calls: warmUp, callers }, through), 2 * most);
  let lagMs = 0;
  const rounds = 3;
  const spent = meter(queue);
  const measured = await middle(async () => {
    const done = await load({ calls, callers }, through);
    lagMs = Math.max(lagMs, await relayed());
    return done;
  }, rounds);
  const spentEach = { ...spent(rounds * calls), "the load": measured.cpuMicros };
  const goal = {
    said: "≥ 22,000/s (aim 32,000)",
    met: measured.perSecond >= 22_000 && lagMs <= lagLimitMs,
  };
  const what = `durable, streamed by the SDK with keys, ${callers} in flight`;
  return {
    figures: [{ ...figure(what, "msgs", measured), goal }],
    notes: [`CPU a message, streamed: ${spentText(spentEach)}.`],
  };
}

/** What Prism adds to a call at a rate that strains neither. */
async function added(queue: Queue, headers: Headers): Promise<Findings> {
  const [proxy] = queue.proxies;
  const through = unary({ address: proxy?.address ?? "", path, headers }, request);
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

function fsyncText(): string {
  const took = fsyncMs();
  const ms = (share: number) => percentile(took, share).toFixed(2);
  return `The disk keeps 8 KiB within ${ms(0.5)} ms at p50, ${ms(0.99)} ms at p99 (fdatasync).`;
}
