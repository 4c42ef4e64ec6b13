import type { Benchmark, Figure, Measured } from "./benchmark.ts";
import { fsyncMs } from "./fsync.ts";
import { keyedLoad } from "./grpc-load.ts";
import { h2load } from "./h2load.ts";
import { percentile } from "./load.ts";
import { added } from "./publish-added.ts";
import { throughStream } from "./publish-stream.ts";
import { alone, throughProxies, warm, withKeys, withoutKeys } from "./publish-unary.ts";
import { withQueue } from "./queue.ts";
import { bareEcho, jetStream, kafkaDirectly } from "./rivals.ts";
import { unaryLoad } from "./unary.ts";

const inFlight = 128;
// On an idle machine it takes half of it.
const patienceMs = 300_000;

/**
 * Messages of 1 KiB into a durable queue, everything on: tokens, access, limits, metrics, idempotency keys, the
 * log's commit before each answer. Beside it in the same run what one would use instead.
 */
export const publish: Benchmark = {
  name: "publish",
  title: "Publishing",
  servers: ["postgres-control", "postgres-data", "temporal", "kafka"],
  run: () =>
    withQueue("strong", async (queue) => {
      const found = await h2load();
      const bare = withoutKeys(found ?? unaryLoad);
      const figures: Figure[] = [];
      const notes = [
        `Each publish has an idempotency key of its own, unless the line says otherwise. Load from grpc-load (test/bench/grpc-load), over one connection to each proxy; without keys from ${
          found === undefined
            ? "a client in Node, which takes more of the cores: h2load is not installed (`prism doctor`)"
            : "h2load, which sends the same bytes each time"
        }. All of it after a hundred thousand publishes that are not counted.`,
        fsyncText(),
      ];
      const headers = { authorization: `Bearer ${queue.token}`, "prism-namespace": queue.namespace };
      const steps: Record<string, () => Promise<Measured>> = {
        "one proxy": () => throughProxies(queue, withKeys, headers, inFlight),
        "one proxy, without keys": () => throughProxies(queue, bare, headers, inFlight),
        "one at a time": () => alone(queue, withKeys, headers),
        "one at a time, without keys": () => alone(queue, bare, headers),
        streamed: () => throughStream(queue),
        "a steady rate": () => added(queue, headers),
        "Kafka directly": async () => ({ figures: await kafkaDirectly(queue, inFlight) }),
        JetStream: async () => ({ figures: await jetStream(queue, inFlight) }),
        "bare gRPC": async () => ({ figures: await bareEcho(keyedLoad, headers)(queue, inFlight) }),
        "two proxies": async () => {
          await queue.addProxy();
          return throughProxies(queue, withKeys, headers, inFlight);
        },
        "two proxies, without keys": () => throughProxies(queue, bare, headers, inFlight),
      };
      await warm(queue, headers, inFlight);
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

function fsyncText(): string {
  const took = fsyncMs();
  const ms = (share: number) => percentile(took, share).toFixed(2);
  return `The disk keeps 8 KiB within ${ms(0.5)} ms at p50, ${ms(0.99)} ms at p99 (fdatasync).`;
}
