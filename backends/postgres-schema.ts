import { PrismError } from "../domain/errors.ts";
import type { Thing } from "../domain/reconcile/thing.ts";
import type { Drift, Owner } from "./backend.ts";
import { ownerIn, ownerTag } from "./owner-tag.ts";
import { literal, quoted } from "./postgres-place.ts";
import type { Query } from "./postgres-transaction.ts";

/** A namespace's own schema in the tenant database: what its SQL sees. */
export type Schema = { readonly oid: string; readonly owner: Owner | undefined };

/** What its login may do there. Tables that it makes are its own, and go with the schema. */
const rights = ["CREATE", "USAGE"] as const;

/** Where Prism's own probe of the namespace goes. Its login has no rights on it. */
export const probeTable = "prism_probe";

export async function findSchema(query: Query, name: string): Promise<Schema | undefined> {
  const [found] = await query<{ oid: string; comment: string | null }>(
    `select oid::text as oid, obj_description(oid, 'pg_namespace') as comment
     from pg_namespace where nspname = $1`,
    [name],
  );
  return found === undefined ? undefined : { oid: found.oid, owner: ownerIn(found.comment) };
}

/**
 * Tables of a namespace are made side by side with their schema: who comes first makes it.
 * The caller has it to itself. Answers whose it was, where it was left over from a finished life.
 */
export async function ensureSchema(
  query: Query,
  name: string,
  owner: Owner,
  user: string,
): Promise<Owner | undefined> {
  const found = await findSchema(query, name);
  const dead = found?.owner !== undefined && isDead(found.owner, owner) ? found.owner : undefined;
  if (found !== undefined && dead === undefined && !isOwn(found.owner, owner)) throw foreignSchema(name);
  if (dead !== undefined) await dropSchema(query, name);
  if (found === undefined || dead !== undefined) {
    await query(`create schema ${quoted(name)}`);
    await query(`comment on schema ${quoted(name)} is ${literal(ownerTag(owner))}`);
  }
  await query(
    `create table if not exists ${quoted(name)}.${probeTable} (topic text primary key, record jsonb not null)`,
  );
  await query(`revoke all on schema ${quoted(name)} from public`);
  await query(`grant ${rights.join(", ")} on schema ${quoted(name)} to ${quoted(user)}`);
  return dead;
}

/** With the last of its tables: an attempt that hung may have made it again for one of them. */
export async function dropEmptySchema(query: Query, name: string): Promise<void> {
  const held = await query(
    `select 1 from pg_class where relnamespace = to_regnamespace($1) and relkind in ('r', 'p', 'v', 'm', 'f')
       and relname <> $2`,
    [quoted(name), probeTable],
  );
  if (held.length === 0) await dropSchema(query, name);
}

export async function schemaDrift(query: Query, name: string, user: string): Promise<readonly Drift[]> {
  const held = await query<{ right: string; grantee: string | null }>(
    `select a.privilege_type as "right", r.rolname::text as grantee
     from pg_namespace n cross join lateral aclexplode(n.nspacl) a left join pg_roles r on r.oid = a.grantee
     where n.nspname = $1 and (a.grantee = 0 or r.rolname = $2)`,
    [name, user],
  );
  const missing = rights.filter((right) => !held.some((one) => one.grantee === user && one.right === right));
  const everybody = held.filter(({ grantee }) => grantee === null);
  const [probe] = await query<{ there: boolean }>("select to_regclass($1) is not null as there", [
    `${quoted(name)}.${probeTable}`,
  ]);
  return [
    ...missing.map((right) => ({
      field: `right ${right} on schema ${name}`,
      planned: "granted",
      actual: "missing",
    })),
    ...everybody.map(({ right }) => ({
      field: `right ${right} on schema ${name} of everybody`,
      planned: "none",
      actual: "granted",
    })),
    ...(probe?.there === true ? [] : [{ field: `table ${probeTable}`, planned: "there", actual: "missing" }]),
  ];
}

/** Everything in it goes too. */
export const dropSchema = (query: Query, name: string): Promise<unknown> =>
  query(`drop schema if exists ${quoted(name)} cascade`);

export async function listSchemas(query: Query): Promise<readonly Thing[]> {
  const found = await query<{ identity: string; name: string; comment: string | null }>(
    `select oid::text as identity, nspname as name, obj_description(oid, 'pg_namespace') as comment
     from pg_namespace where nspname like 'ns\\_%'`,
  );
  return found.map(({ identity, name, comment }) => ({
    backend: "postgres",
    kind: "schema",
    name,
    identity,
    owner: ownerIn(comment),
  }));
}

const isOwn = (tag: Owner | undefined, { namespace, incarnation }: Owner): boolean =>
  tag?.namespace === namespace && tag.incarnation === incarnation;

const isDead = (tag: Owner, { namespace, incarnation }: Owner): boolean =>
  tag.namespace === namespace && tag.incarnation < incarnation;

const foreignSchema = (name: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `schema '${name}' in Postgres is not Prism's`, {
    details: { field: "namespace", recommendation: "Choose a different namespace name" },
  });
