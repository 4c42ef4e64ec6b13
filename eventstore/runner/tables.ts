import type { PoolClient } from "pg";
import { PrismError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import { type Change, type Fold, stored } from "./fold.ts";

/**
 * The tables of one version: what is now, and for a temporal projection what was. `digest` is that of the row's
 * canonical JSON, `checksum` what the database itself makes of the row, so that it can find a change by itself.
 */
export const tableOf = (name: string, version: number): string => `projections."${name}_v${version}"`;
export const historyOf = (name: string, version: number): string =>
  `projections."${name}_v${version}_history"`;

export function assertTableName({ name, version }: Fold): void {
  // Postgres cuts identifiers at 63 bytes in silence, and the name is written into SQL.
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name) || !Number.isSafeInteger(version) || version < 1) {
    throw new PrismError("INTERNAL", `'${name}' v${version} is no name and version of a projection`);
  }
}

/** Makes the tables of a version that begins; those of one that has read already must be there. */
export async function createTables(client: PoolClient, fold: Fold, begun: boolean): Promise<void> {
  const { name, version, temporal } = fold;
  const { rows } = await client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [
    historyOf(name, version),
  ]);
  if (begun && temporal === true && rows[0]?.there !== true) {
    throw new PrismError(
      "INTERNAL",
      `projection '${name}' became temporal: raise its version, its past is missing`,
    );
  }
  await client.query(`
    create table if not exists ${tableOf(name, version)} (
      key text collate "C" primary key, row jsonb not null, position bigint not null,
      digest text not null, checksum text not null)`);
  if (temporal !== true) return;
  await client.query(`
    create table if not exists ${historyOf(name, version)} (
      key text collate "C", valid_from bigint, valid_to bigint, row jsonb not null,
      digest text not null, checksum text not null, primary key (key, valid_from))`);
}

export async function readRows(
  client: PoolClient,
  { name, version }: Fold,
  keys: readonly string[],
): Promise<Map<string, JsonObject>> {
  if (keys.length === 0) return new Map();
  const { rows } = await client.query<{ key: string; row: JsonObject }>({
    name: `projections-rows-${name}-${version}`,
    text: `select key, row from ${tableOf(name, version)} where key = any($1)`,
    values: [keys],
  });
  return new Map(rows.map(({ key, row }) => [key, row]));
}

/** Writes what became of the rows, and for a temporal projection every state in between. */
export async function writeChanges(
  client: PoolClient,
  fold: Fold,
  changes: readonly Change[],
): Promise<void> {
  if (changes.length === 0) return;
  const last = new Map(changes.map((change) => [change.key, change]));
  await writeRows(client, fold, [...last.values()]);
  if (fold.temporal === true) await writeHistory(client, fold, changes);
}

async function writeRows(
  client: PoolClient,
  { name, version }: Fold,
  changes: readonly Change[],
): Promise<void> {
  const kept = changes.flatMap(({ key, position, row }) => (row ? [{ key, position, ...stored(row) }] : []));
  const removed = changes.filter(({ row }) => row === undefined).map(({ key }) => key);
  if (kept.length > 0) {
    await client.query({
      name: `projections-write-${name}-${version}`,
      text: `insert into ${tableOf(name, version)} (key, row, position, digest, checksum)
             select key, row, position, digest, md5(row::text)
             from unnest($1::text[], $2::jsonb[], $3::bigint[], $4::text[]) changed (key, row, position, digest)
             on conflict (key) do update set row = excluded.row, position = excluded.position,
               digest = excluded.digest, checksum = excluded.checksum`,
      values: [
        kept.map(({ key }) => key),
        kept.map(({ text }) => text),
        kept.map(({ position }) => position),
        kept.map(({ digest }) => digest),
      ],
    });
  }
  if (removed.length > 0)
    await client.query(`delete from ${tableOf(name, version)} where key = any($1)`, [removed]);
}

async function writeHistory(
  client: PoolClient,
  { name, version }: Fold,
  changes: readonly Change[],
): Promise<void> {
  const history = historyOf(name, version);
  const firsts = new Map(changes.toReversed().map(({ key, position }) => [key, position]));
  await client.query({
    name: `projections-close-${name}-${version}`,
    text: `update ${history} open set valid_to = changed.position
           from unnest($1::text[], $2::bigint[]) changed (key, position)
           where open.key = changed.key and open.valid_to is null`,
    values: [[...firsts.keys()], [...firsts.values()]],
  });
  const nexts = new Map<string, bigint>();
  const states = changes.toReversed().flatMap(({ key, position, row }) => {
    const validTo = nexts.get(key) ?? null;
    nexts.set(key, position);
    return row === undefined ? [] : [{ key, position, validTo, ...stored(row) }];
  });
  await client.query({
    name: `projections-history-${name}-${version}`,
    text: `insert into ${history} (key, valid_from, valid_to, row, digest, checksum)
           select key, valid_from, valid_to, row, digest, md5(row::text)
           from unnest($1::text[], $2::bigint[], $3::bigint[], $4::jsonb[], $5::text[])
             changed (key, valid_from, valid_to, row, digest)`,
    values: [
      states.map(({ key }) => key),
      states.map(({ position }) => position),
      states.map(({ validTo }) => validTo),
      states.map(({ text }) => text),
      states.map(({ digest }) => digest),
    ],
  });
}
