import { setTimeout as pause } from "node:timers/promises";
import type { EventStore } from "../../eventstore/event-store.ts";
import { postgresEventStore } from "../../eventstore/postgres/postgres.ts";
import { database } from "../eventstore/database.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { smallEvent } from "./events.ts";
import { latencies, load, paced, percentile } from "./load.ts";

const goalMs = 50;

/** From the call of an append until a subscriber of another client has the event in hand. */
export const delivery: Benchmark = {
  name: "delivery",
  title: "From append to delivery",
  servers: ["postgres-control"],
  async run() {
    const { url, pool, drop } = await database();
    const [writer, reader] = [postgresEventStore({ url }), postgresEventStore({ url })];
    const stopping = new AbortController();
    const sent = new Map<string, number>();
    try {
      await writer.health();
      const subscriber = follow(reader, sent, stopping.signal);
      const append = async (_: number, caller: number) => {
        const event = smallEvent();
        sent.set(event.id, performance.now());
        await writer.append(`namespace-bench-${caller}`, [event], { expected: "any" });
      };
      await load({ callers: 64, calls: 2_000 }, append);
      await subscriber.took(2_000);
      await pool.query("analyze eventstore.events");

      const full = await load({ callers: 64, calls: 30_000 }, append);
      const loaded = await subscriber.took(30_000);
      await paced({ perSecond: 500, calls: 2_500 }, (index) => append(index, index % 64));
      const calm = await subscriber.took(2_500);
      const goal = { said: `p99 < ${goalMs} ms`, met: percentile(loaded, 0.99) < goalMs };
      const figures: Figure[] = [
        {
          what: "64 callers, as fast as they can",
          unit: "events",
          perSecond: full.perSecond,
          ...latencies(loaded),
          goal,
        },
        { what: "500 appends a second", unit: "events", perSecond: 500, ...latencies(calm) },
      ];
      return { figures, notes: ["Every event was delivered, once and in order."] };
    } finally {
      stopping.abort();
      await Promise.all([writer.close(), reader.close()]);
      await drop();
    }
  },
};

/** A subscriber that notes how long each event was under way. */
function follow(store: EventStore, sent: Map<string, number>, signal: AbortSignal) {
  let latenciesMs: number[] = [];
  let last = 0n;
  let failure: unknown;
  const run = async () => {
    for await (const item of store.subscribe({ signal })) {
      if (item.kind !== "event") continue;
      if (item.event.position <= last) throw new Error(`position ${item.event.position} came after ${last}`);
      last = item.event.position;
      latenciesMs.push(performance.now() - (sent.get(item.event.id) ?? Number.NaN));
    }
  };
  run().catch((error: unknown) => (failure = error));
  return {
    /** The latencies since the last question, sorted, once there are `count` of them. */
    async took(count: number): Promise<Float64Array> {
      for (let waits = 0; latenciesMs.length < count; waits += 1) {
        if (failure !== undefined) throw failure;
        if (waits === 1_000)
          throw new Error(`${latenciesMs.length} of ${count} events were delivered within 10 s`);
        await pause(10);
      }
      const taken = Float64Array.from(latenciesMs).sort();
      latenciesMs = [];
      return taken;
    },
  };
}
