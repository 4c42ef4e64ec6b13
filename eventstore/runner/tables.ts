import type { PoolClient } from "pg";
import { PrismError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { Fold } from "./fold.ts";

/**
 * The tables of one version: what is now, and for a temporal projection what was. `digest` is that of the row's
 * canonical JSON. The database itself can find a changed row: what is now is `jsonb`, for the lists, and `checksum`
 * is what it makes of that; what was is the very text of the digest, which costs least to keep.
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
      key text collate "C", valid_from bigint, valid_to bigint, row json not null,
      digest text not null, primary key (key, valid_from))`);
}

/** A row as it stands, and the position of the event that last changed it: where its state in the history begins. */
export type StoredRow = { readonly row: JsonObject; readonly position: bigint };

export async function readRows(
  client: PoolClient,
  { name, version }: Fold,
  keys: readonly string[],
): Promise<Map<string, StoredRow>> {
  if (keys.length === 0) return new Map();
  const { rows } = await client.query<{ key: string; row: JsonObject; position: string }>({
    name: `projections-rows-${name}-${version}`,
    text: `select key, row, position from ${tableOf(name, version)} where key = any($1)`,
    values: [keys],
  });
  return new Map(rows.map(({ key, row, position }) => [key, { row, position: BigInt(position) }]));
}
