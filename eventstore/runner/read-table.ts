import type { Pool } from "pg";
import type { JsonObject } from "../../domain/json.ts";
import type { Item, Listed, ListOptions, ScanOptions } from "./reader.ts";
import { tableOf } from "./tables.ts";

/** The table that answers. */
export type Source = { readonly name: string; readonly version: number };

type StoredRow = { readonly key: string; readonly row: JsonObject; readonly position: string };

const chunkRows = 200;

export async function getRow(
  pool: Pool,
  { name, version }: Source,
  key: string,
): Promise<JsonObject | undefined> {
  const { rows } = await pool.query<StoredRow>({
    name: `projections-get-${name}-${version}`,
    text: `select row from ${tableOf(name, version)} where key = $1`,
    values: [key],
  });
  return rows[0]?.row;
}

export async function* scanRows(
  pool: Pool,
  source: Source,
  { where = {}, after = "" }: ScanOptions<JsonObject>,
): AsyncGenerator<Item<JsonObject>> {
  let last: string | undefined = after;
  while (last !== undefined) {
    const rows = await readChunk(pool, source, where, last);
    for (const { key, row, position } of rows) yield { key, row, position: BigInt(position) };
    last = rows.length < chunkRows ? undefined : rows.at(-1)?.key;
  }
}

export async function listRows(
  pool: Pool,
  source: Source,
  options: ListOptions<JsonObject>,
): Promise<Listed<JsonObject>> {
  const limit = Math.min(Math.max(options.limit ?? 100, 1), 1_000);
  const items: Item<JsonObject>[] = [];
  for await (const item of scanRows(pool, source, options)) {
    if (options.filter?.(item.row, item.key) === false) continue;
    // One more than asked for tells that there is a next page.
    if (items.length === limit) return { items, next: items.at(-1)?.key ?? null };
    items.push(item);
  }
  return { items, next: null };
}

async function readChunk(
  pool: Pool,
  { name, version }: Source,
  where: NonNullable<ScanOptions<JsonObject>["where"]>,
  after: string,
): Promise<readonly StoredRow[]> {
  const values: unknown[] = [after, chunkRows];
  const conditions = Object.entries(where).flatMap(([field, wanted]) => {
    if (wanted === undefined) return [];
    values.push(field, typeof wanted === "string" ? [wanted] : wanted);
    return [`and row ->> $${values.length - 1}::text = any($${values.length}::text[])`];
  });
  const { rows } = await pool.query<StoredRow>(
    `select key, row, position from ${tableOf(name, version)}
     where key > $1 ${conditions.join(" ")} order by key limit $2`,
    values,
  );
  return rows;
}
