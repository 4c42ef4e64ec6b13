import { tagMark } from "./owner-tag.ts";
import { type Place, quoted } from "./postgres-place.ts";
import type { Query } from "./postgres-transaction.ts";

type Sum = { readonly bytes: string };

/** With all its parts, wherever they are, their indexes and what is too long for a row. Not there: 0. */
export async function tableBytes(query: Query, { qualified }: Place): Promise<number> {
  const [sum] = await query<Sum>(
    `select coalesce(sum(pg_total_relation_size(part)), 0)::text as bytes
     from (select to_regclass($1) union select relid from pg_partition_tree(to_regclass($1))) parts(part)`,
    [qualified],
  );
  return Number(sum?.bytes ?? 0);
}

/** Of what the namespace's own SQL made there. Tables with an owner's tag are resources of their own. */
export async function schemaBytes(query: Query, name: string): Promise<number> {
  const [sum] = await query<Sum>(
    `select coalesce(sum(pg_total_relation_size(oid)), 0)::text as bytes from pg_class
     where relnamespace = to_regnamespace($1) and relkind in ('r', 'm')
       and coalesce(obj_description(oid, 'pg_class'), '') not like $2`,
    [quoted(name), `${tagMark}%`],
  );
  return Number(sum?.bytes ?? 0);
}
