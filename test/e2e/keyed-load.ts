import { setTimeout as pause } from "node:timers/promises";
import type { Prism } from "../../sdk/typescript/prism.ts";

const everyMs = 20;
const patienceMs = 60_000;

type Wish = { readonly topic: string; readonly keys: number; readonly perSecond: number };

/**
 * Publishes at a steady pace, each key's messages numbered and one after the other, and consumes them
 * meanwhile in a group of its own, until it is told to end.
 */
export async function keyedLoad(client: Prism, { topic, keys, perSecond }: Wish) {
  const failures: string[] = [];
  const disordered: string[] = [];
  const sent = Array.from({ length: keys }, () => 0);
  const arrived = Array.from({ length: keys }, () => new Set<number>());
  const last = Array.from({ length: keys }, () => -1);
  let ended = false;

  const publishing = sent.map(async (_, key) => {
    for (const started = performance.now(); !ended; await pause(everyMs)) {
      const due = ((performance.now() - started) / 1_000) * (perSecond / keys);
      while ((sent[key] ?? 0) < due && !ended) {
        const n = sent[key] ?? 0;
        sent[key] = n + 1;
        const value = { key: `k${key}`, n };
        await client.queue.publish(topic, value, { key: value.key }).catch((error: unknown) => {
          failures.push(String(error));
        });
      }
    }
  });

  const consumption = client.queue.consume(topic, { group: "meanwhile", from: "earliest", credit: 200 });
  const consuming = (async () => {
    for await (const message of consumption) {
      const { key, n } = message.json<{ key: string; n: number }>();
      const index = Number(key.slice(1));
      // What was delivered and not acknowledged before a proxy let go of it comes again, from there on.
      if (n > (last[index] ?? -1) + 1) disordered.push(`${key}: ${n} after ${last[index]}`);
      last[index] = n;
      arrived[index]?.add(n);
      await message.ack();
    }
  })();
  await consumption.ready;

  const missing = (): number => sent.reduce((sum, count, key) => sum + count - (arrived[key]?.size ?? 0), 0);

  return {
    async end() {
      ended = true;
      await Promise.all(publishing);
      for (const until = performance.now() + patienceMs; missing() > 0 && performance.now() < until; ) {
        await pause(100);
      }
      await consumption.return();
      await consuming;
      const published = sent.reduce((sum, count) => sum + count, 0);
      return { published, failures, seen: { missing: missing(), disordered } };
    },
  };
}
