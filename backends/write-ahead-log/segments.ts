import type { Pool, PoolClient } from "pg";
import { exclusively } from "./exclusively.ts";

/** Positions of one segment: small enough to be dropped as a whole, large enough that this is seldom. */
export const segmentSize = 65_536n;

type SegmentsOptions = { readonly pool: Pool; readonly table: string };

/** A part of a log: positions from `first` to below `end`. */
export type Segment = {
  readonly name: string;
  readonly first: bigint;
  readonly end: bigint;
  /** On disk. */
  readonly bytes: bigint;
};

/** The parts of one log. Made standalone and then attached, so that nobody waits for the log as a whole. */
export function segments({ pool, table }: SegmentsOptions) {
  const attach = async (client: PoolClient, name: string, index: bigint): Promise<void> => {
    const [first, end] = [index * segmentSize, (index + 1n) * segmentSize];
    await client.query(
      `create table if not exists prism_log.${name} (like ${named(table)} including all, primary key (position))`,
    );
    await client.query(`alter table prism_log.${name} alter column payload set storage external`);
    await client.query(
      `alter table ${named(table)} attach partition prism_log.${name} for values from (${first}) to (${end})`,
    );
  };

  return {
    /** The segment that holds the next position, and the one after it. */
    async ensureAround(head: bigint): Promise<void> {
      const wanted = [(head + 1n) / segmentSize, (head + 1n) / segmentSize + 1n];
      if (missing(await attached(pool, table), wanted).length === 0) return;
      await exclusively(pool, `segments of ${table}`, async (client) => {
        const parent = await oid(client, table);
        for (const index of missing(await attached(client, table), wanted)) {
          await attach(client, segmentName(parent, index), index);
        }
      });
    },
  };
}

const missing = (there: readonly Segment[], wanted: readonly bigint[]): readonly bigint[] =>
  wanted.filter((index) => !there.some(({ first }) => first === index * segmentSize));

type Query = Pick<Pool, "query"> | PoolClient;

/** By the table's own id: another life of a name has another table. */
const segmentName = (parent: string, index: bigint): string => `log_${parent}_${index}`;

/** The table as SQL names it. */
export const named = (table: string): string => `public."${table.replaceAll('"', '""')}"`;

async function oid(pool: Query, table: string): Promise<string> {
  const { rows } = await pool.query<{ oid: string }>("select $1::regclass::oid::text as oid", [named(table)]);
  return rows[0]?.oid ?? "";
}

/** A log's segments, oldest first. */
export async function attached(pool: Query, table: string): Promise<readonly Segment[]> {
  const { rows } = await pool.query<{ name: string; bounds: string; bytes: string }>(
    `select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bounds, pg_total_relation_size(c.oid) as bytes
     from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = $1::regclass and not i.inhdetachpending`,
    [named(table)],
  );
  return rows
    .map(({ name, bounds, bytes }) => {
      const [, first = "0", end = "0"] = /FROM \('?(\d+)'?\) TO \('?(\d+)'?\)/.exec(bounds) ?? [];
      return { name, first: BigInt(first), end: BigInt(end), bytes: BigInt(bytes) };
    })
    .sort((a, b) => (a.first < b.first ? -1 : 1));
}

/** Nobody has made the part of a partitioned table that a row belongs to. */
export const isMissingPartition = (error: unknown): boolean =>
  (error as { code?: string }).code === "23514" && /no partition of relation/.test((error as Error).message);

export const isMissingTable = (error: unknown): boolean => (error as { code?: string }).code === "42P01";
