import type { Pool } from "pg";
import type { JsonObject } from "../../domain/json.ts";
import type { Item, Listed, ListOptions, ScanOptions } from "./reader.ts";
import { historyOf, tableOf } from "./tables.ts";

/** The version that answers. */
export type Source = { readonly name: string; readonly version: number };

type StoredRow = { readonly key: string; readonly row: JsonObject; readonly position: string };

const chunkRows = 200;

export async function getRow(
  pool: Pool,
  { name, version }: Source,
  key: string,
  asOf: bigint | undefined,
): Promise<JsonObject | undefined> {
  const now = { text: `select row from ${tableOf(name, version)} where key = $1`, values: [key] };
  const then = {
    text: `select row from (select row, valid_to from ${historyOf(name, version)}
             where key = $1 and valid_from <= $2 order by valid_from desc limit 1) last
           where valid_to is null or valid_to > $2`,
    values: [key, asOf],
  };
  const { rows } = await pool.query<StoredRow>({
    name: `projections-get-${name}-${version}-${asOf === undefined ? "now" : "then"}`,
    ...(asOf === undefined ? now : then),
  });
  return rows[0]?.row;
}

export async function* scanRows(
  pool: Pool,
  source: Source,
  { where = {}, after = "", asOf }: ScanOptions<JsonObject>,
): AsyncGenerator<Item<JsonObject>> {
  let last: string | undefined = after;
  while (last !== undefined) {
    const rows = await readChunk(pool, source, where, last, asOf);
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
  asOf: bigint | undefined,
): Promise<readonly StoredRow[]> {
  const values: unknown[] = [after, chunkRows];
  const conditions = Object.entries(where).flatMap(([field, wanted]) => {
    if (wanted === undefined) return [];
    values.push(field, typeof wanted === "string" ? [wanted] : wanted);
    return [`and row ->> $${values.length - 1}::text = any($${values.length}::text[])`];
  });
  if (asOf !== undefined) {
    values.push(asOf);
    conditions.push(
      `and valid_from <= $${values.length} and (valid_to is null or valid_to > $${values.length})`,
    );
  }
  const table = asOf === undefined ? tableOf(name, version) : historyOf(name, version);
  const position = asOf === undefined ? "position" : "valid_from as position";
  const { rows } = await pool.query<StoredRow>(
    `select key, row, ${position} from ${table} where key > $1 ${conditions.join(" ")} order by key limit $2`,
    values,
  );
  return rows;
}

export async function tableDigest(pool: Pool, { name, version }: Source): Promise<string> {
  const { rows } = await pool.query<{ digest: string }>(
    `select encode(sha256(convert_to(coalesce(string_agg(key || ' ' || digest, e'\\n' order by key), ''), 'UTF8')), 'hex')
     as digest from ${tableOf(name, version)}`,
  );
  return rows[0]?.digest ?? "";
}
