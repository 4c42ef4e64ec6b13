import { fileURLToPath } from "node:url";
import type { Pool } from "pg";
import { PrismError } from "../../domain/errors.ts";
import { type Appended, type EventStore, StoreError } from "../event-store.ts";
import { once } from "../once.ts";
import { prepareAppend } from "../valid-append.ts";
import { appendQueue } from "./append-queue.ts";
import { appendTransaction, notifyChannel } from "./append-transaction.ts";
import { migrate } from "./migrate.ts";
import { pages } from "./pages.ts";
import { postgresPool } from "./pool.ts";
import { storeError } from "./store-error.ts";
import { subscription } from "./subscription.ts";
import { watch } from "./watch.ts";

export type PostgresEventStoreOptions = ({ readonly url: string } | { readonly pool: Pool }) & {
  /** Default: the server's clock, which is one for all processes. */
  readonly clock?: () => Date;
  /** How often a subscription looks for what no notification told it. Default 500. */
  readonly pollMs?: number;
  /** Whether to LISTEN for new events; turn it off behind a connection pooler. Default true. */
  readonly listen?: boolean;
};

const migrations = { schema: "eventstore", folder: fileURLToPath(new URL("../migrations", import.meta.url)) };

/**
 * The event store in Postgres, schema `eventstore`; its tables are made before the first use.
 * A given pool stays the caller's to end and must bound the wait for a connection.
 */
export function postgresEventStore(options: PostgresEventStoreOptions): EventStore {
  const pool = "pool" in options ? options.pool : postgresPool(options.url);
  if (!pool.options.connectionTimeoutMillis) {
    throw new PrismError(
      "INTERNAL",
      "the event store's pool needs connectionTimeoutMillis: no wait without end",
    );
  }
  const ready = once(() => migrate(pool, migrations));
  const queue = appendQueue((appends) => appendTransaction(pool, appends, options.clock));
  const head = watch({
    pool,
    channel: notifyChannel,
    listen: options.listen ?? true,
    pollMs: options.pollMs ?? 500,
    read: () => readHead(pool),
  });
  let closed = false;

  async function doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (closed) throw new StoreError("StoreClosed", `${what}: the event store is closed`);
    try {
      await ready();
      return await work();
    } catch (error) {
      throw storeError(what, error);
    }
  }

  return {
    gapless: true,

    async append(stream, events, { expected }) {
      const prepared = prepareAppend(stream, events);
      return doing(`append to '${stream}'`, async (): Promise<Appended> => {
        if (prepared.length === 0) return { ...(await lastOf(pool, stream)), events: [] };
        const stored = await queue.append({ stream, events: prepared, expected });
        head.hint();
        const last = stored.at(-1);
        return { revision: last?.revision ?? -1n, position: last?.position ?? 0n, events: stored };
      });
    },

    async *readStream(stream, { from, limit, backwards = false } = {}) {
      const what = `read '${stream}'`;
      const end = await doing(what, () => lastOf(pool, stream));
      if (end.revision < 0n) throw new StoreError("StreamNotFound", `stream '${stream}' does not exist`);
      const first = backwards ? least(from, end.revision) : (from ?? 0n);
      const last = backwards ? 0n : end.revision;
      yield* events(what, { by: "revision", stream, first, last, backwards }, limit);
    },

    async *readAll({ after, filter, limit, backwards = false } = {}) {
      const what = "read the log";
      const end = await doing(what, () => readHead(pool));
      const first = backwards ? least(after === undefined ? undefined : after - 1n, end) : (after ?? 0n) + 1n;
      yield* events(what, { by: "position", first, last: backwards ? 1n : end, backwards, filter }, limit);
    },

    subscribe: ({ after = 0n, filter, signal }) => subscription({ pool, ready, head, after, filter, signal }),
    head: () => doing("read the log's head", () => readHead(pool)),
    positionAt: (time) => doing("look up a time", () => positionAt(pool, time)),
    health: () => doing("reach the event store", async () => void (await readHead(pool))),

    async close() {
      if (closed) return;
      closed = true;
      head.close();
      await queue.drained();
      if (!("pool" in options)) await pool.end();
    },
  };

  async function* events(what: string, range: Parameters<typeof pages>[1], limit = Number.POSITIVE_INFINITY) {
    let left = limit;
    const source = pages(pool, range);
    while (left > 0) {
      const page = await doing(what, () => source.next());
      if (page.done) return;
      for (const event of page.value.events.slice(0, left)) {
        left -= 1;
        yield event;
      }
    }
  }
}

async function readHead(pool: Pool): Promise<bigint> {
  const { rows } = await pool.query<{ head: string }>({
    name: "eventstore-head",
    text: "select coalesce(max(position), 0) as head from eventstore.events",
  });
  return BigInt(rows[0]?.head ?? 0);
}

async function positionAt(pool: Pool, time: Date): Promise<bigint> {
  const { rows } = await pool.query<{ position: string }>({
    name: "eventstore-position-at",
    text: `select position from eventstore.events where recorded_at <= $1
           order by recorded_at desc, position desc limit 1`,
    values: [time],
  });
  return BigInt(rows[0]?.position ?? 0);
}

async function lastOf(pool: Pool, stream: string): Promise<{ revision: bigint; position: bigint }> {
  const { rows } = await pool.query<{ revision: string; position: string }>({
    name: "eventstore-last-of-stream",
    text: "select revision, position from eventstore.events where stream = $1 order by revision desc limit 1",
    values: [stream],
  });
  return { revision: BigInt(rows[0]?.revision ?? -1), position: BigInt(rows[0]?.position ?? 0) };
}

const least = (a: bigint | undefined, b: bigint): bigint => (a !== undefined && a < b ? a : b);
