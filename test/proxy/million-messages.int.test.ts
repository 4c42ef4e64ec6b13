import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeAll, describe, expect, it } from "vitest";
import { attached, segmentSize } from "../../backends/write-ahead-log/segments.ts";
import { figures, soaking, soakSeconds } from "../eventstore/soaking.ts";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { as, data, kafkaTopic, startProxy } from "./stage.ts";

const wanted = soaking ? { messages: 1_000_000, forMs: soakSeconds * 1_000 } : { messages: 12_000, forMs: 0 };
// An hour's stands for it: what is older leaves the log.
const windowMs = soaking ? 30_000 : 2_000;
// Until buffers and caches have their size.
const settlingMs = 180_000;
const payload = Buffer.alloc(1_024, "x");
const mebibyte = 1024 * 1024;
// With its headers, its place in the index, and what the free space of its page costs.
const rowBytes = 1_600;
// Collecting all there is takes as long as a thousand messages.
const sampleMs = soaking ? 5_000 : 1_000;
const weighMs = soaking ? 2_000 : 500;
// Somebody else may need the machine: what is lost or kept for ever stays so for longer.
const patienceMs = wanted.forMs + (soaking ? 7_200_000 : 900_000);

let control: ControlPlane;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let topic: string;

beforeAll(async () => {
  control = await controlPlane();
  topic = await kafkaTopic(4);
  await (await data()).provision("million");
  const limits = { maxMessageBytes: 1_000_000n, writeRps: 100_000, readRps: 100_000, connections: 100 };
  control.put(queueEntry("million", topic, { patterns: logged.slice(0, 1), limits }));
  proxy = await startProxy(control, { logWindowMs: windowMs });
  await control.acknowledged();
});

/** What is still reachable in this process, where proxy and client live, once all else is collected. */
const collect = (() => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  return (): number => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
})();

/** Bytes a minute, over all samples. */
function slope(samples: readonly { readonly atMs: number; readonly bytes: number }[]): number {
  const mean = (of: (sample: (typeof samples)[number]) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [at, bytes] = [mean(({ atMs }) => atMs), mean((sample) => sample.bytes)];
  const along = samples.reduce((sum, sample) => sum + (sample.atMs - at) * (sample.bytes - bytes), 0);
  return (along / samples.reduce((sum, { atMs }) => sum + (atMs - at) ** 2, 0)) * 60_000;
}

describe("many messages through a queue with a log", () => {
  it(
    "all come through, the log's disk returns to its window, and no memory is left behind",
    async () => {
      const { pool } = await data();
      const client = as("owner", "million", proxy);
      const table = "wal_million";
      const diskBytes = async () =>
        (await attached(pool, table)).reduce((sum, { bytes }) => sum + Number(bytes), 0);
      await client.queue.publish("t", payload);
      // The first segment is nearly full: so few messages begin another one, too.
      const first = segmentSize - BigInt(Math.min(wanted.messages / 2, 50_000));
      await until(
        async () => (await pool.query("select relayed from prism_log.relay")).rows[0]?.relayed === "1",
        patienceMs,
      );
      await pool.query("update prism_log.log_head set position = $1", [String(first)]);
      await pool.query("update prism_log.relay set relayed = $1, epoch = epoch + 1", [String(first)]);

      let received = 0;
      const work = client.queue.work(
        "t",
        { group: "g", from: "earliest", credit: 1_000, concurrency: 64 },
        async () => {
          received++;
        },
      );
      await work.ready;
      const begun = performance.now();
      const samples: { atMs: number; bytes: number }[] = [];
      let published = 1;
      const enough = () => published >= wanted.messages && performance.now() - begun >= wanted.forMs;
      const publisher = async (): Promise<void> => {
        while (!enough()) {
          published++;
          await client.queue.publish("t", payload);
        }
      };
      const sampling = setInterval(() => {
        samples.push({ atMs: performance.now() - begun, bytes: collect() });
      }, sampleMs);
      let most = 0;
      const weighing = setInterval(async () => {
        most = Math.max(most, await diskBytes().catch(() => 0));
      }, weighMs);
      await Promise.all(Array.from({ length: 256 }, publisher));
      const tookMs = performance.now() - begun;
      clearInterval(sampling);
      await until(() => received >= published, patienceMs);
      most = Math.max(most, await diskBytes());
      clearInterval(weighing);

      // A log that nobody writes to rests: somebody does.
      const writing = new AbortController();
      const trickle = (async () => {
        for (; !writing.signal.aborted; published++) {
          await client.queue.publish("t", payload);
          await pause(200);
        }
      })();
      const { rows } = await pool.query("select position from prism_log.log_head");
      const loaded = BigInt(rows[0]?.position ?? 0);
      const isLoad = ({ end }: { readonly end: bigint }) => end <= loaded;
      await until(async () => !(await attached(pool, table)).some(isLoad), patienceMs);
      writing.abort();
      await trickle;
      const kept = await diskBytes();
      expect(kept).toBeLessThan(Number(segmentSize) * rowBytes);
      await until(() => received >= published, patienceMs);
      expect(received).toBe(published);
      await work.stop();
      client.close();

      const settled = samples.filter(({ atMs }) => atMs >= Math.min(settlingMs, tookMs / 2));
      const rate = published / (tookMs / 1_000);
      const perMessage = slope(settled) / 60 / rate;
      figures(
        `${published} messages at ${Math.round(rate)}/s: log ${Math.round(most / mebibyte)} MiB at most, ${Math.round(kept / mebibyte)} MiB at the end; memory grows by ${Math.round(slope(settled) / 1_024)} KiB a minute`,
      );
      // A few seconds' heap goes up and down by more than what would stay; the long run tells.
      if (soaking) expect(perMessage).toBeLessThan(4);
    },
    patienceMs,
  );
});
