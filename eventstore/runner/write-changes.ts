import type { PoolClient } from "pg";
import { type Change, type Fold, storedStates } from "./fold.ts";
import { historyOf, type StoredRow, tableOf } from "./tables.ts";

/** A row from one position to the next; to none as long as it lasts. */
type State = {
  readonly key: string;
  readonly from: bigint;
  readonly to: bigint | null;
  readonly text: string;
  readonly digest: string;
};

/**
 * Writes what became of the rows, and for a temporal projection every state in between. `before`: the rows as
 * they stand in the tables.
 */
export async function writeChanges(
  client: PoolClient,
  fold: Fold,
  changes: readonly Change[],
  before: ReadonlyMap<string, StoredRow>,
): Promise<void> {
  const ends = [...new Map(changes.map((change) => [change.key, change])).values()];
  if (fold.temporal === true) await closeStates(client, fold, changes, before);
  await writeStates(client, fold, statesOf(fold.temporal === true ? changes : ends));
  const removed = ends.flatMap(({ key, row }) => (row === undefined ? [key] : []));
  if (removed.length === 0) return;
  await client.query(`delete from ${tableOf(fold.name, fold.version)} where key = any($1)`, [removed]);
}

function statesOf(changes: readonly Change[]): readonly State[] {
  const nexts = new Map<string, bigint>();
  const stored = storedStates();
  return changes.toReversed().flatMap(({ key, position, row }) => {
    const to = nexts.get(key) ?? null;
    nexts.set(key, position);
    return row === undefined ? [] : [{ key, from: position, to, ...stored(row) }];
  });
}

/** Ends the states that lasted until now. */
async function closeStates(
  client: PoolClient,
  { name, version }: Fold,
  changes: readonly Change[],
  before: ReadonlyMap<string, StoredRow>,
): Promise<void> {
  const firsts = new Map(changes.toReversed().map(({ key, position }) => [key, position]));
  const open = [...firsts].flatMap(([key, to]) => {
    const known = before.get(key);
    return known === undefined ? [] : [{ key, from: known.position, to }];
  });
  if (open.length === 0) return;
  // Without a name: a plan that was made while the table was small would read all of it for ever after.
  await client.query(
    `update ${historyOf(name, version)} state set valid_to = ended.valid_to
     from unnest($1::text[], $2::bigint[], $3::bigint[]) ended (key, valid_from, valid_to)
     where state.key = ended.key and state.valid_from = ended.valid_from`,
    [open.map(({ key }) => key), open.map(({ from }) => from), open.map(({ to }) => to)],
  );
}

async function writeStates(client: PoolClient, fold: Fold, states: readonly State[]): Promise<void> {
  if (states.length === 0) return;
  const { name, version, temporal } = fold;
  await client.query({
    name: `projections-states-${name}-${version}`,
    text: temporal === true ? nowAndPast(fold) : now(fold),
    values: [
      states.map(({ key }) => key),
      states.map(({ from }) => from),
      states.map(({ to }) => to),
      // One text of many lines: canonical JSON holds no line break, and an array would have each quote escaped.
      states.map(({ text }) => text).join("\n"),
      states.map(({ digest }) => digest),
    ],
  });
}

const given = `given as materialized (
  select * from unnest($1::text[], $2::bigint[], $3::bigint[], string_to_array($4, e'\\n'), $5::text[])
    given (key, valid_from, valid_to, row, digest))`;

const insertNow = ({ name, version }: Fold): string => `
  insert into ${tableOf(name, version)} (key, row, position, digest, checksum)
  select key, row::jsonb, valid_from, digest, md5(row::jsonb::text) from given where valid_to is null
  on conflict (key) do update set row = excluded.row, position = excluded.position,
    digest = excluded.digest, checksum = excluded.checksum`;

const now = (fold: Fold): string => `with ${given} ${insertNow(fold)}`;

/** One statement for both tables: a row that stands is sent once. */
const nowAndPast = (fold: Fold): string => `
  with ${given}, past as (
    insert into ${historyOf(fold.name, fold.version)} (key, valid_from, valid_to, row, digest)
    select key, valid_from, valid_to, row::json, digest from given)
  ${insertNow(fold)}`;
