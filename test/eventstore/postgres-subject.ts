import type { EventStore } from "../../eventstore/event-store.ts";
import { postgresPool } from "../../eventstore/postgres/pool.ts";
import { type PostgresEventStoreOptions, postgresEventStore } from "../../eventstore/postgres/postgres.ts";
import type { Subject } from "./conformance/subject.ts";
import { type Database, database } from "./database.ts";

/** The Postgres adapter on a database of its own, with the means to trouble it. */
export type PostgresSubject = Subject & {
  readonly database: Database;
  /** Another client, on a connection or with options of the case's own; closed after the cases. */
  readonly openWith: (options: Partial<PostgresEventStoreOptions>) => EventStore;
};

/** `adapter` is the one to test: the real one, or a copy with a fault in it. */
export async function postgresSubject(
  adapter: typeof postgresEventStore = postgresEventStore,
): Promise<PostgresSubject & { dispose(): Promise<void> }> {
  const own = await database();
  const opened: EventStore[] = [];
  const openWith = (options: Partial<PostgresEventStoreOptions>): EventStore => {
    const store = adapter({ url: own.url, ...options } as PostgresEventStoreOptions);
    opened.push(store);
    return store;
  };
  const store = openWith({});
  await store.health();
  return {
    store,
    openWith,
    open: (options = {}) => openWith(options),
    idempotent: "always",
    async multiply(stream, more) {
      await own.pool.query(
        `insert into eventstore.events (position, stream, revision, id, type, data, metadata, bytes, recorded_at, hash)
         select position + n, stream, revision + n, gen_random_uuid(), type, data, metadata, bytes, recorded_at, hash
         from (select * from eventstore.events where stream = $1 order by position desc limit 1) last,
           generate_series(1, $2) n`,
        [stream, more],
      );
    },
    database: own,
    async dispose() {
      await Promise.all(opened.map((one) => one.close()));
      await own.drop();
    },
  };
}

/** A pool that counts what is asked of it; `name` is how the server knows its connections. */
export function countingPool(
  url: string,
  name = "counting",
): { pool: ReturnType<typeof postgresPool>; queries: () => number } {
  const pool = postgresPool(url, { name });
  const query = pool.query.bind(pool) as (...args: unknown[]) => unknown;
  let queries = 0;
  pool.query = ((...args: unknown[]) => {
    queries += 1;
    return query(...args);
  }) as typeof pool.query;
  return { pool, queries: () => queries };
}
