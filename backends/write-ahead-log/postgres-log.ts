import { readFileSync } from "node:fs";
import type { Pool, PoolClient } from "pg";
import { PrismError } from "../../domain/errors.ts";
import { unavailable } from "../ask.ts";
import { batchWriter, fenced } from "./batch-writer.ts";
import { exclusively } from "./exclusively.ts";
import { beginLayout, readLayouts } from "./layouts.ts";
import { isMissingPartition, isMissingTable, named, segments } from "./segments.ts";
import type { LogEntry, LogStanding, WriteAheadLog } from "./write-ahead-log.ts";

export type LogOptions = {
  readonly pool: Pool;
  readonly namespace: string;
  readonly incarnation: number;
  /** The tables that provisioning has made; with `replay` what the log is done with is kept there. */
  readonly table: string;
  readonly replay: string | undefined;
  /** `false`: a crash of the server may lose the last moments. */
  readonly durable: boolean;
  /** Over how many partitions of the broker its entries go at first; `undefined`: over as many as there are. */
  readonly partitions?: number | undefined;
};

const tables = readFileSync(new URL("./tables.sql", import.meta.url), "utf8");

/** A namespace's log as a table in Postgres, partitioned into segments (design §9). */
export function postgresLog(options: LogOptions): WriteAheadLog {
  const { pool, namespace, incarnation, table, replay, partitions } = options;
  const query = async <Row>(text: string, values: readonly unknown[]): Promise<readonly Row[]> =>
    (await pool.query(text, [...values])).rows as readonly Row[];
  const kept = segments({ pool, table });
  const quoted = named(table);

  const ask = async <T>(what: string, question: () => Promise<T>): Promise<T> => {
    try {
      return await question();
    } catch (cause) {
      throw cause instanceof PrismError ? cause : unavailable("Postgres", what, cause);
    }
  };

  const append = batchWriter(options);

  const standing = async (): Promise<LogStanding> => {
    const { rows } = await pool.query<{
      position: string;
      relayed: string;
      bytes: string;
      pending_ms: number;
    }>(
      `select h.position, r.relayed, r.bytes, coalesce((
         select extract(epoch from clock_timestamp() - recorded_at) * 1000 from ${quoted}
         where position = r.relayed + 1
       ), 0)::float as pending_ms
       from prism_log.log_head h join prism_log.relay r using (namespace, incarnation)
       where h.namespace = $1 and h.incarnation = $2`,
      [namespace, incarnation],
    );
    const row = rows[0];
    return {
      head: BigInt(row?.position ?? 0),
      relayed: BigInt(row?.relayed ?? 0),
      bytes: BigInt(row?.bytes ?? 0),
      oldestPendingMs: Math.max(0, row?.pending_ms ?? 0),
    };
  };

  return {
    prepare: () =>
      ask(`prepare the log of ${namespace}`, async () => {
        await prepareDatabase(pool);
        await openHead(pool, namespace, incarnation);
        if (partitions !== undefined) await beginLayout(query, { namespace, incarnation }, partitions);
        await kept.ensureAround((await standing()).head);
      }),

    append: (entries) =>
      ask(`write to the log of ${namespace}`, async () => {
        try {
          return await append(entries);
        } catch (error) {
          // Whoever slept through a delete finds neither its table nor an open head.
          if (isMissingTable(error) && (await isFenced(pool, namespace, incarnation)))
            throw fenced(namespace);
          if (!isMissingPartition(error)) throw error;
          // Nothing of it was written: a segment or a day has begun that nobody has made yet.
          await prepareDay(pool);
          await kept.ensureAround((await standing()).head);
          return append(entries);
        }
      }),

    read: (position, limits) =>
      ask(`read the log of ${namespace}`, async () => {
        const { rows } = await pool.query<Row>(
          `select position, message_id, topic, key, payload, metadata, (extract(epoch from recorded_at) * 1000)::bigint as at_ms
           from ${quoted} where position > $1 and position <= (
             select max(position) from (
               select position, sum(octet_length(payload)) over (order by position) - octet_length(payload) as before
               from ${quoted} where position > $1 and position <= $1::bigint + $2
             ) sized where before < $3
           ) order by position`,
          [String(position), limits.entries, limits.bytes],
        );
        return rows.map(entryOf);
      }),

    layouts: () =>
      ask(`look up the layouts of ${namespace}`, () => readLayouts(query, { namespace, incarnation })),

    standing: () => ask(`look at the log of ${namespace}`, standing),

    recordedAt: (position) =>
      ask(`look up position ${position} of ${namespace}`, async () => {
        const sources = [quoted, ...(replay === undefined ? [] : [named(replay)])];
        const first = (source: string) =>
          `(select recorded_at from ${source} where position >= $1 order by position limit 1)`;
        const { rows } = await pool.query<{ at_ms: string | null }>(
          `select (extract(epoch from min(recorded_at)) * 1000)::bigint as at_ms from (${sources.map(first).join(" union all ")}) found`,
          [String(position)],
        );
        const at = rows[0]?.at_ms;
        return at === null || at === undefined ? undefined : Number(at);
      }),
  };
}

type Row = {
  readonly position: string;
  readonly message_id: string;
  readonly topic: string;
  readonly key: Buffer;
  readonly payload: Buffer;
  readonly metadata: Buffer;
  readonly at_ms: string;
};

const entryOf = ({ position, message_id, at_ms, ...rest }: Row): LogEntry => ({
  ...rest,
  id: message_id,
  position: BigInt(position),
  recordedAtMs: Number(at_ms),
});

/** The tables of all logs, and today's and tomorrow's part of what was published with a key. */
const prepareDatabase = (pool: Pool): Promise<void> =>
  exclusively(pool, "log tables", async (client) => {
    await client.query(tables);
    await prepareDays(client);
  });

const prepareDay = (pool: Pool): Promise<void> => exclusively(pool, "log tables", prepareDays);

async function prepareDays(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ today: number }>("select prism_log.today() as today");
  const today = rows[0]?.today ?? 0;
  for (const day of [today, today + 1]) {
    await client.query(
      `create table if not exists prism_log.published_${day} partition of prism_log.published for values in (${day})`,
    );
  }
}

/** A new life of the name begins at 0; one whose fence is up stays as it is. */
async function openHead(pool: Pool, namespace: string, incarnation: number): Promise<void> {
  await pool.query(
    `insert into prism_log.log_head as h values ($1, $2, 0, 'epoch', 'open')
     on conflict (namespace) do update set incarnation = $2, position = 0, recorded_at = 'epoch', state = 'open'
     where h.incarnation < $2`,
    [namespace, incarnation],
  );
  await pool.query(
    `insert into prism_log.relay as r values ($1, $2, 0, 0)
     on conflict (namespace) do update set incarnation = $2, epoch = r.epoch + 1, relayed = 0, bytes = 0, fenced = null
     where r.incarnation < $2`,
    [namespace, incarnation],
  );
}

async function isFenced(pool: Pool, namespace: string, incarnation: number): Promise<boolean> {
  const { rows } = await pool.query<{ open: boolean }>(
    "select state = 'open' and incarnation = $2 as open from prism_log.log_head where namespace = $1",
    [namespace, incarnation],
  );
  return rows[0]?.open !== true;
}
