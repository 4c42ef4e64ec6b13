import type { Pool } from "pg";
import type { Event } from "../../domain/event.ts";
import { namespaces } from "../../domain/projections/namespaces.ts";
import { operations } from "../../domain/projections/operations.ts";
import type { Projection } from "../../domain/projections/projection.ts";
import type { EventStore } from "../../eventstore/event-store.ts";
import { postgresPool } from "../../eventstore/postgres/pool.ts";
import { postgresEventStore } from "../../eventstore/postgres/postgres.ts";
import { type AnyProjection, projections } from "../../eventstore/runner.ts";
import { database } from "../eventstore/database.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { life } from "./events.ts";
import { figure, load, middle, timing } from "./load.ts";

const eventCount = 100_000;
const goals = { eventsPerSecond: 20_000, readMs: 50 };

type Log = {
  readonly pool: Pool;
  readonly store: EventStore;
  readonly head: bigint;
  readonly names: readonly string[];
};

/** Building projections anew from a log of 100,000 events, and reading the directory's past. */
export const projection: Benchmark = {
  name: "projection",
  title: "Rebuilding projections, and reading the past",
  servers: ["postgres-control"],
  async run() {
    const { url, drop } = await database();
    const pool = postgresPool(url, { connections: 20 });
    const store = postgresEventStore({ pool });
    try {
      const names = await record(store);
      const log: Log = { pool, store, names, head: await store.head() };
      const figures = [
        await rebuilt("rebuild a count by stream", log, counter),
        await rebuilt("rebuild operations", log, operations),
        await rebuilt("rebuild the directory with every past", log, namespaces),
        ...(await pasts(log)),
      ];
      return { figures, notes: [content(log)] };
    } finally {
      await store.close();
      await pool.end();
      await drop();
    }
  },
};

/** The creations of so many namespaces, 64 under way at a time, as a busy control plane records them. */
async function record(store: EventStore): Promise<readonly string[]> {
  const names = Array.from(
    { length: Math.ceil(eventCount / life("any").length) },
    (_, index) => `orders-${index}`,
  );
  await load({ callers: 64, calls: names.length }, async (index) => {
    const name = names[index] ?? "";
    let expected: "noStream" | bigint = "noStream";
    for (const event of life(name)) {
      const { revision } = await store.append(`namespace-${name}`, [event], { expected });
      expected = revision;
    }
  });
  return names;
}

async function rebuilt(what: string, { pool, store, head }: Log, definition: AnyProjection): Promise<Figure> {
  const stopping = new AbortController();
  const end = timing();
  const { readers, stopped } = projections({ pool, store, log: complaining }, [definition], stopping.signal);
  await readers[0].waitFor(head);
  const { perSecond, cpuMicros } = end(Number(head));
  stopping.abort();
  await stopped;
  const goal = { said: "20,000/s (aim 100,000)", met: perSecond >= goals.eventsPerSecond };
  return { what, unit: "events", perSecond, cpuMicros, goal };
}

/** Any namespace at any position; the table is there already. */
async function pasts({ pool, store, head, names }: Log): Promise<readonly Figure[]> {
  const stopping = new AbortController();
  const { readers, stopped } = projections({ pool, store, log: complaining }, [namespaces], stopping.signal);
  const [directory] = readers;
  await directory.waitFor(head);
  const read = () => {
    const asOf = BigInt(1 + Math.floor(Math.random() * Number(head)));
    return directory.get(names[Math.floor(Math.random() * names.length)] ?? "", { asOf });
  };
  await load({ callers: 16, calls: 500 }, read);
  const one = figure(
    "read as of a position, one by one",
    "reads",
    await middle(() => load({ callers: 1, calls: 1_000 }, read)),
  );
  const many = figure(
    "read as of a position, 16 callers",
    "reads",
    await middle(() => load({ callers: 16, calls: 5_000 }, read)),
  );
  stopping.abort();
  await stopped;
  const met = Math.max(one.p99 ?? Infinity, many.p99 ?? Infinity) < goals.readMs;
  return [one, { ...many, goal: { said: `p99 < ${goals.readMs} ms`, met } }];
}

/** The least a projection can do: what is left is the runner's own cost. */
const counter: Projection<Event, { count: number }> = {
  name: "counter",
  version: 1,
  streams: ["namespace-"],
  key: ({ stream }) => stream,
  apply: (row) => ({ count: (row?.count ?? 0) + 1 }),
};

const quiet = () => {};
const complaining = {
  info: quiet,
  warn: quiet,
  error: (fields: object, message: string) => console.error(message, fields),
};

const content = ({ head, names }: Log): string =>
  `${head} events of ${names.length} namespaces: request, plan with its whole trace, resources, activation. Rebuilt from nothing until it is served.`;
