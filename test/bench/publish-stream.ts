import type { Measured } from "./benchmark.ts";
import { enough, figure, load, middle } from "./load.ts";
import { meter, spentText } from "./meter.ts";
import { payload, type Queue, topic } from "./queue.ts";

const streams = 512;
const warmUp = 16_000;
const most = 60_000;
const lagLimitMs = 1_000;

/** Through the SDK, as an application publishes: over a stream, under keys that the SDK makes. */
export async function throughStream(queue: Queue): Promise<Measured> {
  const { client, relayed } = queue;
  const through = () => client.queue.publish(topic, payload);
  const callers = streams;
  const calls = enough(await load({ calls: warmUp, callers }, through), most);
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
  const what = `durable, streamed by the SDK, ${callers} in flight`;
  return {
    figures: [{ ...figure(what, "msgs", measured), goal }],
    notes: [`CPU a message, streamed: ${spentText(spentEach)}.`],
  };
}
