import type { Event } from "../../domain/event.ts";
import type { Projection } from "../../domain/projections/projection.ts";
import type { EventStore } from "../../eventstore/event-store.ts";
import { postgresPool } from "../../eventstore/postgres/pool.ts";
import { postgresEventStore } from "../../eventstore/postgres/postgres.ts";
import { type AnyProjection, projections } from "../../eventstore/runner.ts";
import { type Database, database } from "./database.ts";

export type LogLine = { readonly level: string; readonly message: string; readonly [field: string]: unknown };

/** The projection runner on a database of its own. */
export type ProjectionSubject = {
  readonly database: Database;
  readonly store: EventStore;
  /** Runs projections as a process of its own would: its connections, its locks, its log. */
  readonly run: <const Ps extends readonly AnyProjection[]>(
    definitions: Ps,
    options?: { readonly verifyMs: number },
  ) => {
    readonly readers: ReturnType<typeof projections<Ps>>["readers"];
    stop(): Promise<void>;
    log: LogLine[];
  };
};

export type Runner = {
  readonly projections: typeof projections;
  readonly postgresEventStore: typeof postgresEventStore;
};

/** `runner` is what to test: the real one, or a copy with a fault in it. */
export async function projectionSubject(
  runner: Runner = { projections, postgresEventStore },
): Promise<ProjectionSubject & { dispose(): Promise<void> }> {
  const own = await database();
  const store = runner.postgresEventStore({ url: own.url });
  await store.health();
  const stops: (() => Promise<void>)[] = [];
  return {
    database: own,
    store,
    run(definitions, options = { verifyMs: 60_000 }) {
      const pool = postgresPool(own.url);
      const ownStore = runner.postgresEventStore({ pool });
      const stopping = new AbortController();
      const log: LogLine[] = [];
      const say = (level: string) => (fields: object, message: string) =>
        void log.push({ ...fields, level, message });
      const { readers, stopped } = runner.projections(
        {
          pool,
          store: ownStore,
          log: { info: say("info"), warn: say("warn"), error: say("error") },
          ...options,
        },
        definitions,
        stopping.signal,
      );
      const stop = async () => {
        if (stopping.signal.aborted) return;
        stopping.abort();
        await stopped;
        await ownStore.close();
        await pool.end();
      };
      stops.push(stop);
      return { readers, stop, log };
    },
    async dispose() {
      await Promise.all(stops.map((stop) => stop()));
      await store.close();
      await own.drop();
    },
  };
}

export type Counted = Event<"Counted", { what?: string }>;
export type CountRow = { readonly count: number; readonly last: string; readonly parity: string };

/** Counts a stream's events: what is folded twice or not at all shows. */
export const counter = (
  name: string,
  streams: string,
  more: Partial<Projection<Counted, CountRow>> = {},
): Projection<Counted, CountRow> => ({
  name,
  version: 1,
  streams: [streams],
  key: (event) => event.stream,
  apply: (row, event) => {
    const count = (row?.count ?? 0) + 1;
    return { count, last: String(event.revision), parity: count % 2 === 0 ? "even" : "odd" };
  },
  ...more,
});
