import type { Pool } from "pg";
import { PrismError } from "../../domain/errors.ts";
import { binaryArray, uuidBytes } from "./binary-array.ts";
import { named } from "./segments.ts";
import type { NewEntry, Recorded } from "./write-ahead-log.ts";

export type BatchOptions = {
  readonly pool: Pool;
  readonly namespace: string;
  readonly incarnation: number;
  readonly table: string;
  readonly durable: boolean;
};

/** Where a batch begins, and what of it was there already. */
type Claimed = readonly [
  base: string,
  atMs: string,
  known: readonly string[] | null,
  knownPositions: readonly string[] | null,
  knownAtMs: readonly string[] | null,
];

/**
 * Adds entries to a namespace's log as one statement and one commit. The statement is the
 * table's own, so that each connection plans it once: planning it anew took Postgres longer
 * than carrying it out, five times as long for a batch of one.
 */
export function batchWriter({ pool, namespace, incarnation, table, durable }: BatchOptions) {
  const text = statement(named(table));

  return async (entries: readonly NewEntry[]): Promise<readonly Recorded[]> => {
    const batch = withoutRepeats(entries);
    const once = batch.filter((entry) => entry.once);
    const { rows } = await pool.query<Claimed>({
      // Unique, and short enough.
      name: table,
      text,
      values: [namespace, incarnation, durable, batch.length, uuids(once), ...columns(batch)],
      rowMode: "array",
    } as never);
    const [claimed] = rows;
    if (claimed === undefined) throw fenced(namespace);
    return placed(entries, claimed);
  };
}

// Numbered in the order of the arrays, as `placed` does it.
const statement = (table: string): string => `
  with claimed as materialized (
    select * from prism_log.claim($1, $2, $3, $4, $5) where base is not null
  ), fresh as materialized (
    select u.*, c.stamp, c.base + row_number() over (order by u.o) as position
    from claimed c, unnest($6::uuid[], $7::text[], $8::bytea[], $9::bytea[], $10::bytea[], $11::boolean[])
      with ordinality u(id, topic, key, payload, metadata, once, o)
    where c.known is null or not u.once or u.id <> all (c.known)
  ), stored as (
    insert into ${table} (position, message_id, topic, key, payload, metadata, recorded_at)
    select position, id, topic, key, payload, metadata, stamp from fresh
  ), remembered as (
    insert into prism_log.published select (select prism_log.today()), id, position, stamp from fresh where once
  )
  select base, (extract(epoch from stamp) * 1000)::bigint, known, known_positions,
    (select array_agg((extract(epoch from at) * 1000)::bigint) from unnest(known_stamps) at) from claimed`;

/** The same id twice in one batch is one message. */
function withoutRepeats(entries: readonly NewEntry[]): readonly NewEntry[] {
  const seen = new Set<string>();
  return entries.filter(({ id, once }) => !once || (!seen.has(id) && seen.add(id)));
}

function placed(
  entries: readonly NewEntry[],
  [base, atMs, known, positions, times]: Claimed,
): readonly Recorded[] {
  const recordedAtMs = Number(atMs);
  const before = new Map(
    known?.map((id, at): [string, Recorded] => [
      id,
      { position: BigInt(positions?.[at] ?? 0), recordedAtMs: Number(times?.[at]), fresh: false },
    ]),
  );
  let position = BigInt(base);
  return entries.map(({ id, once }) => {
    const found = once ? before.get(id) : undefined;
    if (found !== undefined) return found;
    position++;
    if (once) before.set(id, { position, recordedAtMs, fresh: false });
    return { position, recordedAtMs, fresh: true };
  });
}

const uuids = (entries: readonly NewEntry[]): Buffer =>
  binaryArray(
    "uuid",
    entries.map(({ id }) => uuidBytes(id)),
  );

const columns = (entries: readonly NewEntry[]): readonly Buffer[] => [
  uuids(entries),
  binaryArray(
    "text",
    entries.map(({ topic }) => Buffer.from(topic)),
  ),
  binaryArray(
    "bytea",
    entries.map(({ key }) => key),
  ),
  binaryArray(
    "bytea",
    entries.map(({ payload }) => payload),
  ),
  binaryArray(
    "bytea",
    entries.map(({ metadata }) => metadata),
  ),
  binaryArray(
    "bool",
    entries.map(({ once }) => (once ? yes : no)),
  ),
];

const yes = Buffer.from([1]);
const no = Buffer.from([0]);

export const fenced = (namespace: string): PrismError =>
  new PrismError("NAMESPACE_DELETING", `'${namespace}' takes no more messages: its log is closed`);
