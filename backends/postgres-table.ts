import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import type { Thing } from "../domain/reconcile/thing.ts";
import type { Drift, Owner } from "./backend.ts";
import { ownerIn, ownerTag } from "./owner-tag.ts";
import { definition, layoutOf } from "./postgres-layout.ts";
import { literal, type Place, placeOf } from "./postgres-place.ts";
import { probeTable } from "./postgres-schema.ts";
import type { Query } from "./postgres-transaction.ts";

export type Table = {
  /** Names this very table, whatever it is called. */
  readonly oid: string;
  readonly owner: Owner | undefined;
  readonly columns: Readonly<Record<string, string>>;
  readonly partitioned: boolean;
};

export async function findTable(query: Query, { qualified }: Place): Promise<Table | undefined> {
  const [found] = await query<Omit<Table, "owner"> & { comment: string | null }>(
    `select c.oid::text as oid, c.relkind = 'p' as partitioned, obj_description(c.oid, 'pg_class') as comment,
       (select jsonb_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
     from pg_class c where c.oid = to_regclass($1)`,
    [qualified],
  );
  if (found === undefined) return undefined;
  const { oid, partitioned, comment, columns } = found;
  return { oid, partitioned, columns: columns ?? {}, owner: ownerIn(comment) };
}

/** Everything where namespaces have their tables; parts of logs stand beside, and belong to them. */
export async function listTables(query: Query): Promise<readonly Thing[]> {
  const found = await query<{ identity: string; name: string; comment: string | null }>(
    `select oid::text as identity, relname as name, obj_description(oid, 'pg_class') as comment from pg_class
     where (relnamespace = 'public'::regnamespace or relnamespace::regnamespace::text like 'ns\\_%')
       and relname <> '${probeTable}' and relkind in ('r', 'p') and not relispartition`,
  );
  return found.map(({ identity, name, comment }) => {
    const kind = /^(wal|replay|outbox|queue|kv|tier)_/.exec(name)?.[1];
    return {
      backend: "postgres",
      kind: kind === undefined ? "table" : `${kind === "kv" ? "keyvalue" : kind}-table`,
      name,
      identity,
      owner: ownerIn(comment),
    };
  });
}

export async function createTable(query: Query, resource: Resource, owner: Owner): Promise<void> {
  const { qualified } = placeOf(resource);
  await query(`create table ${qualified} ${definition(layoutOf(resource))}`);
  await query(`comment on table ${qualified} is ${literal(ownerTag(owner))}`);
}

/** Adds what is missing. What somebody changed may hold data: that is for a person. */
export async function mendTable(query: Query, resource: Resource, drift: readonly Drift[]): Promise<void> {
  const { name, qualified } = placeOf(resource);
  const changed = drift.find(({ actual }) => actual !== "missing");
  if (changed !== undefined) {
    const { field, planned, actual } = changed;
    const message = `${field} of ${name} was changed by hand: ${actual} instead of ${planned}`;
    throw new PrismError("INTERNAL", message);
  }
  for (const { field, planned } of drift) {
    const column = field.replace(/^column /, "");
    await query(`alter table ${qualified} add column ${column} ${planned}`);
  }
}

/** Where a log has come to is kept by proxies, beside the tables of all logs; of this life alone. */
export async function forgetLog(query: Query, { namespace, incarnation }: Owner): Promise<void> {
  for (const kept of ["prism_log.log_head", "prism_log.relay"]) {
    const [found] = await query<{ there: boolean }>("select to_regclass($1) is not null as there", [kept]);
    if (found?.there !== true) continue;
    await query(`delete from ${kept} where namespace = $1 and incarnation = $2`, [namespace, incarnation]);
  }
}
