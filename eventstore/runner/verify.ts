import { createHash } from "node:crypto";
import type { Pool, PoolClient } from "pg";
import type { JsonObject } from "../../domain/json.ts";
import type { EventStore } from "../event-store.ts";
import { asLeader, type Term } from "./checkpoints.ts";
import { type Fold, stored } from "./fold.ts";
import { allChanges, type Fresh, freshFold, type State } from "./fresh-fold.ts";
import { historyOf, tableOf } from "./tables.ts";
import { writeChanges } from "./write-changes.ts";

/** Rows that are folded anew at a time; a smaller table is verified whole in every round. */
const sliceRows = 2_000;

/** Which keys a round looks at: those whose rows changed behind the runner's back, and one slice of all. */
type Slice = { readonly suspects: readonly string[]; readonly count: number; readonly index: number };

/**
 * Compares what is served with a fresh fold of the log, and repairs what differs. Every round looks at all rows for
 * a change that did not come from the runner, and folds one slice of the keys anew; the rounds go through the slices.
 * Answers the keys that were repaired.
 */
export async function verify(
  { pool, store }: { readonly pool: Pool; readonly store: EventStore },
  term: Term,
  round: number,
): Promise<readonly string[]> {
  const { fold } = term;
  const slice = await sliceOf(pool, fold, round);
  const suspects = new Set(slice.suspects);
  const fresh = freshFold(
    store,
    fold,
    (key) => suspects.has(key) || placeOf(key, slice.count) === slice.index,
  );
  await fresh.advance(term.position);
  return asLeader(pool, term, async (client, position) => {
    // What the leader has folded in the meantime; it waits while this transaction holds its checkpoint.
    await fresh.advance(position);
    const wrong = await differences(client, fold, slice, fresh);
    if (wrong.size > 0) await repair(client, store, fold, wrong, position);
    return [...wrong].toSorted();
  });
}

async function sliceOf(pool: Pool, fold: Fold, round: number): Promise<Slice> {
  const { name, version, temporal } = fold;
  const now = `select key from ${tableOf(name, version)} where md5(row::text) <> checksum`;
  const past = `select key from ${historyOf(name, version)}
    where encode(sha256(convert_to(row::text, 'UTF8')), 'hex') <> digest`;
  const suspects = await pool.query<{ key: string }>(temporal === true ? `${now} union ${past}` : now);
  const { rows } = await pool.query<{ count: string }>(`select count(*) from ${tableOf(name, version)}`);
  const count = Math.max(1, Math.ceil(Number(rows[0]?.count ?? 0) / sliceRows));
  return { suspects: suspects.rows.map(({ key }) => key), count, index: round % count };
}

/** The slice a key belongs to; `inSlice` says the same in SQL. */
const placeOf = (key: string, slices: number): number =>
  Number.parseInt(createHash("md5").update(key).digest("hex").slice(0, 7), 16) % slices;
const inSlice = "(key = any($1) or ('x' || left(md5(key), 7))::bit(28)::int % $2 = $3)";

async function differences(client: PoolClient, fold: Fold, slice: Slice, fresh: Fresh): Promise<Set<string>> {
  const { name, version } = fold;
  const values = [slice.suspects, slice.count, slice.index];
  const { rows } = await client.query<{ key: string; row: JsonObject; position: string; digest: string }>(
    `select key, row, position, digest from ${tableOf(name, version)} where ${inSlice}`,
    values,
  );
  const expected = new Map([...fresh.last].filter(([, { row }]) => row !== undefined));
  // A row and its checksum are written together: where they do not fit, something else has written.
  const wrong = new Set(slice.suspects);
  for (const { key, row, position, digest } of rows) {
    const change = expected.get(key);
    expected.delete(key);
    const right = change?.row && stored(change.row).digest;
    const same = digest === right && stored(row).digest === right && BigInt(position) === change?.position;
    if (!same) wrong.add(key);
  }
  for (const key of expected.keys()) wrong.add(key);
  if (fold.temporal === true) for (const key of await wrongPasts(client, fold, values, fresh)) wrong.add(key);
  return wrong;
}

async function wrongPasts(
  client: PoolClient,
  { name, version }: Fold,
  values: unknown[],
  fresh: Fresh,
): Promise<string[]> {
  const { rows } = await client.query<{ key: string; past: string }>(
    `select key, string_agg(concat_ws(' ', valid_from, valid_to, digest), ',' order by valid_from) as past
     from ${historyOf(name, version)} where ${inSlice} group by key`,
    values,
  );
  const found = new Map(rows.map(({ key, past }) => [key, past]));
  const keys = new Set([...found.keys(), ...fresh.states.keys()]);
  return [...keys].filter((key) => found.get(key) !== pastOf(fresh.states.get(key)));
}

const pastOf = (states: readonly State[] | undefined): string | undefined =>
  states
    ?.map(({ from, to, digest }) => (to === undefined ? `${from} ${digest}` : `${from} ${to} ${digest}`))
    .join(",");

async function repair(
  client: PoolClient,
  store: EventStore,
  fold: Fold,
  keys: ReadonlySet<string>,
  position: bigint,
): Promise<void> {
  const { name, version } = fold;
  await client.query(`delete from ${tableOf(name, version)} where key = any($1)`, [[...keys]]);
  if (fold.temporal === true) {
    await client.query(`delete from ${historyOf(name, version)} where key = any($1)`, [[...keys]]);
  }
  await writeChanges(client, fold, await allChanges(store, fold, keys, position), new Map());
}
