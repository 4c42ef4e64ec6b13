import { randomUUID } from "node:crypto";
import type { EventStore } from "../../eventstore/event-store.ts";
import { postgresPool } from "../../eventstore/postgres/pool.ts";
import { postgresEventStore } from "../../eventstore/postgres/postgres.ts";
import { projections } from "../../eventstore/runner.ts";
import { newEvent, newEvents, streamName } from "../eventstore/conformance/subject.ts";
import { database } from "../eventstore/database.ts";
import { counter } from "../eventstore/projection-subject.ts";

/** The event store's figures on the control server: `PRISM_CONTROL_URL=… node test/bench/eventstore.ts [seconds]`. */
const seconds = Number(process.argv[2] ?? 5);
const callers = 64;

const own = await database();
const store = postgresEventStore({ url: own.url });
try {
  await store.health();
  await appends(store);
  await plainInserts();
  await delivery(store);
  await projecting(store);
} finally {
  await store.close();
  await own.drop();
}

/** Each caller appends to a stream of its own, at the revision its last append answered. */
async function appends(store: EventStore): Promise<void> {
  const { rate, latencies } = await underLoad(async () => {
    const stream = streamName("bench");
    let expected: bigint | "noStream" = "noStream";
    return async () => {
      expected = (await store.append(stream, [newEvent()], { expected })).revision;
    };
  });
  say("appends with expected revision", `${rate}/s`, latencies);
}

/** What the same server does without an event store: one statement, one row, its own commit. */
async function plainInserts(): Promise<void> {
  await own.pool.query("create table plain (id uuid primary key, data json not null)");
  const pool = postgresPool(own.url, { connections: callers });
  const { rate, latencies } = await underLoad(async () => async () => {
    await pool.query("insert into plain values ($1, $2)", [randomUUID(), '{"what":"something"}']);
  });
  say(`plain inserts, ${callers} connections`, `${rate}/s`, latencies);
  await pool.end();
}

/** From the answer to one caller to the delivery on another client; at 64 callers the log is never quiet. */
async function delivery(store: EventStore): Promise<void> {
  const reader = postgresEventStore({ url: own.url });
  const stopping = new AbortController();
  const delivered = new Map<bigint, number>();
  const after = await store.head();
  const reading = (async () => {
    for await (const item of reader.subscribe({ after, signal: stopping.signal })) {
      if (item.kind === "event") delivered.set(item.event.position, performance.now());
    }
  })();
  const answered = new Map<bigint, number>();
  await underLoad(async () => {
    const stream = streamName("deliver");
    return async () => {
      const { position } = await store.append(stream, [newEvent()], { expected: "any" });
      answered.set(position, performance.now());
    };
  });
  while (delivered.size < answered.size) await new Promise((resolve) => setTimeout(resolve, 10));
  stopping.abort();
  await reading;
  await reader.close();
  const latencies = [...answered].map(([position, at]) => Math.max(0, (delivered.get(position) ?? at) - at));
  say("answered to delivered on another client, 64 callers", `${latencies.length} events`, latencies);
}

/** Builds a temporal projection of 100,000 events, then reads as of random positions. */
async function projecting(store: EventStore): Promise<void> {
  const streams = Array.from({ length: 1_000 }, (_, index) => `fold-${index}`);
  for (let round = 0; round < 100; round += 1) {
    await Promise.all(streams.map((stream) => store.append(stream, newEvents(1), { expected: "any" })));
  }
  const pool = postgresPool(own.url);
  const stopping = new AbortController();
  const quiet = () => {};
  const began = performance.now();
  const { readers, stopped } = projections(
    { pool, store, log: { info: quiet, warn: quiet, error: quiet } },
    [counter("plain", "fold-"), counter("past", "fold-", { temporal: true })],
    stopping.signal,
  );
  const head = await store.head();
  await readers[0].waitFor(head);
  const plainMs = performance.now() - began;
  await readers[1].waitFor(head);
  const both = performance.now() - began;
  say(
    "two projections of 100,000 events, side by side",
    `${rateOf(100_000, plainMs)} and ${rateOf(100_000, both)} events/s`,
    [],
  );
  const gets: number[] = [];
  const lists: number[] = [];
  for (let index = 0; index < 1_000; index += 1) {
    const asOf = BigInt(Math.floor(Math.random() * Number(head)));
    gets.push(await timed(() => readers[1].get(`fold-${index}`, { asOf })));
    lists.push(await timed(() => readers[1].list({ asOf, limit: 100 })));
  }
  say("one row as of a position", "1000 reads", gets);
  say("a list of 100 rows as of a position", "1000 reads", lists);
  stopping.abort();
  await stopped;
  await pool.end();
}

async function underLoad(
  caller: () => Promise<() => Promise<void>>,
): Promise<{ rate: number; latencies: number[] }> {
  const latencies: number[] = [];
  const work = await Promise.all(Array.from({ length: callers }, caller));
  const began = performance.now();
  const over = began + seconds * 1_000;
  await Promise.all(
    work.map(async (act) => {
      while (performance.now() < over) latencies.push(await timed(act));
    }),
  );
  return { rate: rateOf(latencies.length, performance.now() - began), latencies };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

function rateOf(count: number, ms: number): number {
  return Math.round((count / ms) * 1_000);
}

function say(what: string, figure: string, latencies: number[]): void {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1);
  const times = sorted.length > 0 ? `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms` : "";
  process.stdout.write(`${what.padEnd(52)} ${figure.padEnd(34)} ${times}\n`);
}
