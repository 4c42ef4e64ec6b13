import { create, toBinary } from "@bufbuild/protobuf";
import { PublishRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import type { Measured } from "./benchmark.ts";
import { grpcLoad, keyedLoad, keyPlace } from "./grpc-load.ts";
import type { Shoot, Shot } from "./h2load.ts";
import { enough, figure, type Load, latencies, middle } from "./load.ts";
import { meter, type Spent, spentText } from "./meter.ts";
import { payload, type Queue, topic } from "./queue.ts";

const warmUp = 16_000;
const untilWarm = { calls: 100_000, seconds: 20 };
const most = 30_000;
const lagLimitMs = 1_000;
export const publishPath = "/prism.v1.QueueService/Publish";

/** What is sent, and by whom; what was to be reached is said of publishes with keys. */
export type Way = {
  readonly said: string;
  readonly shoot: Shoot;
  readonly message: Uint8Array;
  readonly keyed: boolean;
};

export const request = (idempotencyKey: string): Uint8Array =>
  toBinary(PublishRequestSchema, create(PublishRequestSchema, { topic, payload, idempotencyKey }));

export const withKeys: Way = { said: "durable", shoot: keyedLoad, message: request(keyPlace), keyed: true };

export const withoutKeys = (shoot: Shoot): Way => ({
  said: "durable, without keys",
  shoot,
  message: request(""),
  keyed: false,
});

/** Until Node and Kafka's Java have compiled what is called most: before that a message costs Kafka twice as much. */
export async function warm(
  { proxies: [proxy] }: Queue,
  headers: Shot["headers"],
  inFlight: number,
): Promise<void> {
  const shot = { address: proxy?.address ?? "", path: publishPath, message: withKeys.message, headers };
  await grpcLoad({ ...shot, inFlight, ...untilWarm });
}

/** As many in flight over all proxies together, whose number is what differs. */
export async function throughProxies(
  queue: Queue,
  way: Way,
  headers: Shot["headers"],
  inFlight: number,
): Promise<Measured> {
  const { length } = queue.proxies;
  const { said, shoot, message, keyed } = way;
  const round = async (calls: number): Promise<Load> => {
    const shots = { calls: calls / length, inFlight: inFlight / length };
    const each = await Promise.all(
      queue.proxies.map(({ address }) => shoot({ address, path: publishPath, message, headers }, shots)),
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
  const goal = {
    said: length === 1 ? "≥ 10,000/s (aim 13,000)" : "aim 16,000/s",
    met: measured.perSecond >= least && lagMs <= lagLimitMs,
  };
  const row = figure(`${said}, ${inFlight} in flight, ${proxies}`, "msgs", measured);
  const late = lagMs > lagLimitMs ? ", which is too late to count" : "";
  return {
    figures: [keyed ? { ...row, goal } : row],
    notes: [
      `CPU a message, ${said}, ${proxies}: ${spentText({ ...spentEach, "the load": measured.cpuMicros })}: ${perCore(spentEach)}. The relay was done ${Math.ceil(lagMs)} ms after the last answer at the latest${late}.`,
    ],
  };
}

/** How many messages a second of one core's time is enough for: of the gateway, as rivals count it, and of all. */
function perCore(spent: Spent): string {
  const [gateway = Number.NaN] = Object.values(spent);
  const all = Object.values(spent).reduce((sum, micros) => sum + micros, 0);
  const rate = (micros: number) => Math.round(1e6 / micros).toLocaleString("en");
  return `${rate(gateway)} per core-second of proxies, ${rate(all)} of proxies, Postgres and Kafka`;
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

export async function alone(
  { proxies: [proxy] }: Queue,
  way: Way,
  headers: Shot["headers"],
): Promise<Measured> {
  const { said, shoot, message, keyed } = way;
  const shot = { address: proxy?.address ?? "", path: publishPath, message, headers };
  const calls = enough(await shoot(shot, { calls: 200, inFlight: 1 }), most);
  const measured = await middle(() => shoot(shot, { calls, inFlight: 1 }));
  const { p50 = 0, p99 = 0 } = latencies(measured.latenciesMs);
  const goal = { said: "p50 ≤ 1 ms, p99 ≤ 5 ms (aim 2.5)", met: p50 <= 1 && p99 <= 5 };
  const row = figure(`${said}, 1 in flight`, "msgs", measured);
  return { figures: [keyed ? { ...row, goal } : row] };
}
