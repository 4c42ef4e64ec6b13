import type { Pool, PoolClient } from "pg";
import { PrismError } from "../../domain/errors.ts";
import { unavailable } from "../ask.ts";
import { named } from "./segments.ts";

type Of = { readonly namespace: string; readonly incarnation: number };

/** From the entry after `after` on: over so many partitions, or, where they are not known yet, nowhere. */
export type Layout = {
  readonly after: bigint;
  /** `undefined`: a barrier stands here. */
  readonly partitions: number | undefined;
  /** Where each partition of the layout before ended; empty: nobody has to know. */
  readonly ends: readonly bigint[];
};

type Query = <Row>(text: string, values: readonly unknown[]) => Promise<readonly Row[]>;

/** Every layout of a log's life, oldest first. */
export async function readLayouts(query: Query, { namespace, incarnation }: Of): Promise<readonly Layout[]> {
  const rows = await query<{ after: string; partitions: number | null; ends: readonly string[] | null }>(
    `select after, partitions, ends::text[] from prism_log.layouts
     where namespace = $1 and incarnation = $2 order by after`,
    [namespace, incarnation],
  );
  return rows.map(({ after, partitions, ends }) => ({
    after: BigInt(after),
    partitions: partitions ?? undefined,
    ends: (ends ?? []).map(BigInt),
  }));
}

/** Over how many partitions the entry at a position goes; `undefined`: over as many as there are. */
export const partitionsAt = (layouts: readonly Layout[], position: bigint): number | undefined =>
  layouts.findLast(({ after, partitions }) => partitions !== undefined && position > after)?.partitions;

/** Nothing after it may be sent. */
export const barrierOf = (layouts: readonly Layout[]): bigint | undefined =>
  layouts.find(({ partitions }) => partitions === undefined)?.after;

/** A log goes over `partitions` from its beginning, unless something else is known of it. */
export async function beginLayout(
  query: Query,
  { namespace, incarnation }: Of,
  partitions: number,
): Promise<void> {
  await query("delete from prism_log.layouts where namespace = $1 and incarnation < $2", [
    namespace,
    incarnation,
  ]);
  // Before the first position there is, where no barrier can stand.
  await query("insert into prism_log.layouts values ($1, $2, -1, $3) on conflict do nothing", [
    namespace,
    incarnation,
    partitions,
  ]);
}

/** A namespace's log: where its entries are, and over how many partitions they went so far. */
export type Kept = Of & { readonly table: string; readonly before: number };

/**
 * Puts up a barrier at the end of the log as it is: nothing after it is sent until the layout has grown
 * or the barrier is taken down. Answers where it stands; again, it stands where it stood.
 */
export function holdRelay(pool: Pool, of: Kept): Promise<bigint> {
  return alone(pool, of, "hold the relay", async (query, mark) => {
    await beginLayout(query, of, of.before);
    const standing = barrierOf(await readLayouts(query, of));
    if (standing !== undefined) return standing;
    const after = await mark();
    await put(query, of, after, null, []);
    return after;
  });
}

/** Where a barrier stands. */
export const standingBarrier = async (pool: Pool, of: Of): Promise<bigint | undefined> =>
  ask(`look at the barrier of ${of.namespace}`, async () =>
    barrierOf(await readLayouts(async (text, values) => (await pool.query(text, [...values])).rows, of)),
  );

/** Takes the barrier down: all goes on as before it. */
export async function releaseRelay(pool: Pool, { namespace, incarnation }: Of): Promise<void> {
  await ask(`let the relay of ${namespace} go on`, () =>
    pool.query(
      `with barrier as (
         delete from prism_log.layouts
         where namespace = $1 and incarnation = $2 and partitions is null returning 1
       ) update prism_log.relay set epoch = epoch + 1
       where namespace = $1 and incarnation = $2 and exists (select from barrier)`,
      [namespace, incarnation],
    ),
  );
}

export type More = {
  readonly partitions: number;
  /** Where those before end at the barrier. */
  readonly ends: readonly bigint[];
};

/**
 * What follows the barrier goes over `partitions`; where none stands, what follows the end of the log
 * does. Again is no mistake.
 */
export function growRelay(pool: Pool, of: Kept, { partitions, ends }: More): Promise<void> {
  return alone(pool, of, "have the relay go on over more partitions", async (query, mark) => {
    await beginLayout(query, of, of.before);
    const known = await readLayouts(query, of);
    const standing = barrierOf(known);
    if (standing === undefined && (known.at(-1)?.partitions ?? 0) >= partitions) return;
    await put(query, of, standing ?? (await mark()), partitions, ends);
  });
}

/** Whoever leads now begins anew, and learns of it. */
async function put(
  query: Query,
  { namespace, incarnation }: Of,
  after: bigint,
  partitions: number | null,
  ends: readonly bigint[],
): Promise<void> {
  await query("update prism_log.relay set epoch = epoch + 1 where namespace = $1 and incarnation = $2", [
    namespace,
    incarnation,
  ]);
  await query(
    `insert into prism_log.layouts values ($1, $2, $3, $4, $5::bigint[])
     on conflict (namespace, incarnation, after) do update set partitions = excluded.partitions, ends = excluded.ends`,
    [namespace, incarnation, String(after), partitions, ends.map(String)],
  );
}

/** How far the log is in its broker. */
export async function relayedTo(pool: Pool, { namespace, incarnation }: Of): Promise<bigint> {
  const { rows } = await ask(`look how far ${namespace} is relayed`, () =>
    pool.query<{ relayed: string }>(
      "select relayed from prism_log.relay where namespace = $1 and incarnation = $2",
      [namespace, incarnation],
    ),
  );
  return BigInt(rows[0]?.relayed ?? 0);
}

/** No consumer may subscribe to it. */
const markTopic = "prism-barrier";

/**
 * Adds an entry that nobody has at hand, and answers what comes before it. Whoever leads sends without a
 * gap, so it has to look into the log for this one, and learns there that its term is over.
 */
async function markEnd(query: Query, { namespace, incarnation, table }: Kept): Promise<bigint> {
  const [end] = await query<{ position: string; recorded_at: Date }>(
    `update prism_log.log_head h set position = h.position + 1,
       recorded_at = date_trunc('milliseconds', greatest(clock_timestamp(), h.recorded_at))
     where namespace = $1 and incarnation = $2 and state = 'open' returning position, recorded_at`,
    [namespace, incarnation],
  );
  if (end === undefined) throw notOpen(namespace);
  const around = { metadata: {}, headers: {}, publishedAtMs: end.recorded_at.getTime() };
  await query(
    `insert into ${named(table)} (position, message_id, topic, key, payload, metadata, recorded_at)
     values ($1, gen_random_uuid(), $2, '', '', $3, $4)`,
    [end.position, markTopic, Buffer.from(JSON.stringify(around)), end.recorded_at],
  );
  return BigInt(end.position) - 1n;
}

/** In one transaction, in which nobody adds anything to the log. */
async function alone<T>(
  pool: Pool,
  of: Kept,
  what: string,
  body: (query: Query, mark: () => Promise<bigint>) => Promise<T>,
): Promise<T> {
  const { namespace, incarnation } = of;
  let client: PoolClient | undefined;
  try {
    client = await pool.connect();
    const connected = client;
    const query: Query = async (text, values) => (await connected.query(text, [...values])).rows;
    await client.query("begin");
    const locked = await query(
      "select 1 from prism_log.log_head where namespace = $1 and incarnation = $2 for update",
      [namespace, incarnation],
    );
    if (locked.length === 0) throw notOpen(namespace);
    const result = await body(query, () => markEnd(query, of));
    await client.query("commit");
    client.release();
    return result;
  } catch (cause) {
    // With its connection the transaction ends too.
    client?.release(true);
    throw cause instanceof PrismError ? cause : unavailable("Postgres", `${what} of ${namespace}`, cause);
  }
}

const notOpen = (namespace: string): PrismError =>
  new PrismError("NAMESPACE_NOT_READY", `the log of ${namespace} is not open`);

async function ask<T>(what: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (cause) {
    throw unavailable("Postgres", what, cause);
  }
}
