import type { Pool } from "pg";
import { exclusively } from "./exclusively.ts";
import { attached, named, type Segment, segmentSize } from "./segments.ts";

export type KeepOptions = {
  readonly pool: Pool;
  readonly namespace: string;
  readonly table: string;
  /** Where segments go that the log is done with; the same table: they stay; `undefined`: they are dropped. */
  readonly replay: string | undefined;
  /** How long a relayed segment stays in the log: the broker's word is not an fsync, and it can be sent again. */
  readonly windowMs: number;
  /** Above half of it, what is relayed does not stay any longer. */
  readonly mostBytes: bigint;
  /** How long what is replayed is kept; `undefined`: for ever. */
  readonly replayMs: number | undefined;
};

/**
 * One round of a log's housekeeping: segments that are relayed and old enough leave it as a
 * whole, without a row being written again. `relayed`: everything up to there is in the broker.
 */
export async function keep(options: KeepOptions, relayed: bigint): Promise<void> {
  const { pool, table, replay, replayMs } = options;
  // First: whatever else has to wait for somebody who reads, publishes wait for this number.
  const whole = (await measure(options, relayed)).reduce((sum, { bytes }) => sum + bytes, 0n);
  await putBack(options);
  const windowMs = whole > options.mostBytes / 2n ? 0 : options.windowMs;
  if (replay !== table) {
    for (const segment of await attached(pool, table)) {
      if (segment.end - 1n > relayed || (await youngerThan(pool, segment, windowMs))) break;
      await detach(pool, table, segment);
      if (replay === undefined) await drop(pool, segment);
      else await attach(pool, replay, segment);
    }
  }
  if (replay !== undefined && replayMs !== undefined) await forget(options, replay, replayMs, relayed);
  await forgetDays(pool);
}

async function forget(
  { pool }: KeepOptions,
  replay: string,
  replayMs: number,
  relayed: bigint,
): Promise<void> {
  for (const segment of await attached(pool, replay)) {
    if (segment.end - 1n > relayed || (await youngerThan(pool, segment, replayMs))) break;
    await detach(pool, replay, segment);
    await drop(pool, segment);
  }
}

/** Of the ids that were published with a key: those of days of which nobody asks any more. */
async function forgetDays(pool: Pool): Promise<void> {
  const past = `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'prism_log' and c.relname ~ '^published_\\d+$'
      and split_part(c.relname, '_', 2)::int < prism_log.today() - 1`;
  if ((await pool.query(past)).rows.length === 0) return;
  await exclusively(pool, "log tables", async (client) => {
    const { rows } = await client.query<{ name: string }>(past);
    for (const { name } of rows) {
      // It waits for whoever publishes, who then waits for it: not for long, and another time again.
      await client.query(`begin; set local lock_timeout = '50ms'; drop table prism_log.${name}; commit`);
    }
  });
}

/** What a crash has left between two tables. */
async function putBack({ pool, table, replay }: KeepOptions): Promise<void> {
  const { rows: pending } = await pool.query<{ parent: string; name: string }>(
    `select i.inhparent::regclass::text as parent, c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhdetachpending and i.inhparent = $1::regclass`,
    [named(table)],
  );
  for (const { parent, name } of pending) {
    await pool.query(`alter table ${parent} detach partition prism_log.${name} finalize`);
  }
  const { rows } = await pool.query<{ name: string; index: string }>(
    `select c.relname as name, split_part(c.relname, '_', 3) as index
     from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'prism_log'
     where c.relkind = 'r' and not c.relispartition
       and c.relname like 'log\\_' || $1::regclass::oid::text || '\\_%' and exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'c')`,
    [named(table)],
  );
  for (const { name, index } of rows) {
    const first = BigInt(index) * segmentSize;
    const segment = { name, first, end: first + segmentSize, bytes: 0n };
    if (replay === undefined) await drop(pool, segment);
    else await attach(pool, replay, segment);
  }
}

/** An empty segment is as young as can be: it is about to be written to. */
async function youngerThan(pool: Pool, { name }: Segment, ms: number): Promise<boolean> {
  const { rows } = await pool.query<{ young: boolean | null }>(
    `select (select recorded_at from prism_log.${name} order by position desc limit 1) > now() - $1 * interval '1 ms' as young`,
    [ms],
  );
  return rows[0]?.young !== false;
}

/** Waits for nobody who reads; leaves a constraint that makes attaching elsewhere cheap. */
const detach = async (pool: Pool, table: string, { name }: Segment): Promise<void> => {
  await pool.query(`alter table ${named(table)} detach partition prism_log.${name} concurrently`);
};

const attach = (pool: Pool, table: string, { name, first, end }: Segment): Promise<unknown> =>
  exclusively(pool, `segments of ${table}`, (client) =>
    client.query(
      `alter table ${named(table)} attach partition prism_log.${name} for values from (${first}) to (${end})`,
    ),
  );

const drop = (pool: Pool, { name }: Segment): Promise<unknown> => pool.query(`drop table prism_log.${name}`);

/** What is on disk and not in the backend yet, for those who write to the log; what is relayed may stay. */
async function measure(
  { pool, namespace, table }: KeepOptions,
  relayed: bigint,
): Promise<readonly Segment[]> {
  const segments = await attached(pool, table);
  const { rows } = await pool.query<{ position: string }>(
    "select position from prism_log.log_head where namespace = $1",
    [namespace],
  );
  const head = BigInt(rows[0]?.position ?? 0);
  const pending = segments.reduce((sum, segment) => sum + openBytes(segment, relayed, head), 0n);
  await pool.query("update prism_log.relay set bytes = $2 where namespace = $1", [
    namespace,
    String(pending),
  ]);
  return segments;
}

/** The part of a segment that is still to be relayed, as if all its entries were equally large. */
function openBytes({ first, end, bytes }: Segment, relayed: bigint, head: bigint): bigint {
  const last = end - 1n < head ? end - 1n : head;
  const done = relayed < first ? first - 1n : relayed;
  const used = last - first + 1n;
  return used <= 0n || last <= done ? 0n : (bytes * (last - done)) / used;
}
