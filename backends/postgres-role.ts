import { loginKind, type Thing } from "../domain/reconcile/thing.ts";
import type { Drift, Owner } from "./backend.ts";
import type { Credentials, Logins } from "./logins.ts";
import { ownerIn, ownerTag } from "./owner-tag.ts";
import { literal, type Place, quoted } from "./postgres-place.ts";
import type { Query } from "./postgres-transaction.ts";
import { scramVerifier } from "./scram.ts";

const rights = ["DELETE", "INSERT", "SELECT", "UPDATE"] as const;

/** What a role must not be, or it could leave its own tables; and how Postgres is told. */
const attributes = {
  rolcanlogin: { planned: true, statement: "login" },
  rolsuper: { planned: false, statement: "nosuperuser" },
  rolcreaterole: { planned: false, statement: "nocreaterole" },
  rolcreatedb: { planned: false, statement: "nocreatedb" },
  rolreplication: { planned: false, statement: "noreplication" },
  rolbypassrls: { planned: false, statement: "nobypassrls" },
  rolinherit: { planned: false, statement: "noinherit" },
} as const;

/** A namespace's own login: a role of this life's own with rights on its own tables, and on nothing else. */
export type PostgresRole = {
  drift(query: Query, owner: Owner, table: Place): Promise<readonly Drift[]>;
  ensure(query: Query, owner: Owner, table: Place): Promise<{ user: string }>;
  /** A schema's own login has rights on the schema; what is in it is granted table by table. */
  login(query: Query, owner: Owner): Promise<{ user: string }>;
  loginDrift(query: Query, owner: Owner): Promise<readonly Drift[]>;
  named(owner: Owner): { user: string };
  /** After the last of its tables the role goes too. */
  remove(query: Query, owner: Owner): Promise<void>;
  /** The same of one that only our secret can have made. Whether it is not there any more. */
  removeOurs(query: Query, owner: Owner): Promise<boolean>;
};

/** Every role that has its owner in its comment, of the whole server. */
export async function listRoles(query: Query): Promise<readonly Thing[]> {
  const found = await query<{ identity: string; name: string; comment: string | null }>(
    `select oid::text as identity, rolname as name, shobj_description(oid, 'pg_authid') as comment from pg_roles`,
  );
  return found.flatMap(({ comment, ...role }) => {
    const owner = ownerIn(comment);
    return owner === undefined ? [] : [{ ...role, backend: "postgres", kind: loginKind, owner }];
  });
}

export function postgresRole(logins: Logins): PostgresRole {
  const credentialsOf = (owner: Owner): Credentials => logins("postgres", owner);

  const loginDrift = async (query: Query, owner: Owner): Promise<readonly Drift[]> => {
    const credentials = credentialsOf(owner);
    const [role] = await findRole(query, credentials.user);
    if (role === undefined) {
      return [{ field: `login ${credentials.user}`, planned: "there", actual: "missing" }];
    }
    return [...attributeDrift(role), ...(await passwordDrift(query, credentials))];
  };

  const login = async (query: Query, owner: Owner): Promise<{ user: string }> => {
    const credentials = credentialsOf(owner);
    const role = quoted(credentials.user);
    // Tables of a namespace are made side by side, and all of them want the one role.
    await lockRole(query, credentials.user);
    const [found] = await findRole(query, credentials.user);
    if (found === undefined) await query(`create role ${role} login noinherit`);
    // Only what differs: some of these words only a superuser may say.
    const wanted = found === undefined ? [] : changedAttributes(found).map(({ statement }) => statement);
    // The verifier, not the password: nothing secret comes into the server's log.
    await query(`alter role ${role} ${wanted.join(" ")} password ${literal(scramVerifier(credentials))}`);
    await query(`comment on role ${role} is ${literal(ownerTag(owner))}`);
    for (const group of found?.memberships ?? []) await query(`revoke ${quoted(group)} from ${role}`);
    return { user: credentials.user };
  };

  const remove = async (query: Query, owner: Owner): Promise<void> => {
    const { user } = credentialsOf(owner);
    await lockRole(query, user);
    const [role] = await findRole(query, user);
    if (role === undefined || (await ownPlaces(query, owner)) > 0) return;
    // Not `drop owned`, which only a superuser or a member may say: it owns nothing else.
    await dropLargeObjects(query, role);
    for (const table of await granted(query, user)) {
      await query(`revoke all on ${table} from ${quoted(user)}`);
    }
    const kept = await heldBy(query, role);
    // Its tables are in another database of this server: there it goes with the last of them.
    if (kept.rightsElsewhere > 0) return;
    // From here on nobody gets in, also where something that was made its own keeps it from being dropped.
    await query(`alter role ${quoted(user)} nologin`);
    await query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where usename = $1 and (select rolsuper from pg_roles where rolname = current_user)`,
      [user],
    );
    if (kept.others > 0) return;
    await query(`drop role ${quoted(user)}`);
  };

  return {
    named: (owner) => ({ user: credentialsOf(owner).user }),
    loginDrift,
    async drift(query, owner, table) {
      const { user } = credentialsOf(owner);
      const found = await loginDrift(query, owner);
      if (found.some(({ actual, field }) => field === `login ${user}` && actual === "missing")) return found;
      return [...found, ...(await rightsDrift(query, owner, user, table))];
    },

    login,
    async ensure(query, owner, table) {
      const { user } = await login(query, owner);
      for (const { table: name, grantee } of await rightsBeyond(query, owner, user, table)) {
        await query(`revoke all on ${name} from ${grantee === null ? "public" : quoted(user)}`);
      }
      await query(`grant ${rights.join(", ")} on ${table.qualified} to ${quoted(user)}`);
      return { user };
    },

    remove,
    async removeOurs(query, owner) {
      const credentials = credentialsOf(owner);
      const isThere = async () => (await findRole(query, credentials.user)).length > 0;
      if (!(await isThere())) return true;
      if ((await hasDerivedPassword(query, credentials)) !== true) return false;
      await remove(query, owner);
      return !(await isThere());
    },
  };
}

type Role = Readonly<Record<string, unknown>> & {
  readonly oid: string;
  readonly memberships: readonly string[];
  readonly comment: string | null;
};

const lockRole = (query: Query, user: string): Promise<unknown> =>
  query("select pg_advisory_xact_lock(hashtext($1))", [`prism role ${user}`]);

const findRole = (query: Query, user: string): Promise<readonly Role[]> =>
  query<Role>(
    `select r.*, r.oid::text as oid, shobj_description(r.oid, 'pg_authid') as comment,
       array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
             where m.member = r.oid order by 1) as memberships
     from pg_roles r where r.rolname = $1`,
    [user],
  );

const changedAttributes = (role: Role) =>
  Object.entries(attributes)
    .filter(([field, { planned }]) => role[field] !== planned)
    .map(([field, wanted]) => ({ ...wanted, field, actual: String(role[field]) }));

function attributeDrift(role: Role): readonly Drift[] {
  return [
    ...changedAttributes(role).map(({ field, planned, actual }) => ({
      field,
      planned: String(planned),
      actual,
    })),
    ...role.memberships.map((group) => ({
      field: `member of ${group}`,
      planned: "no",
      actual: "yes",
    })),
    ...(ownerIn(role.comment) === undefined
      ? [{ field: "comment on login", planned: "its owner", actual: role.comment ?? "missing" }]
      : []),
  ];
}

/** Only a superuser may look; anybody else sets it anew with each `ensure`. */
async function passwordDrift(query: Query, credentials: Credentials): Promise<readonly Drift[]> {
  if ((await hasDerivedPassword(query, credentials)) !== false) return [];
  return [{ field: "password", planned: "the derived one", actual: "another" }];
}

/** `undefined`: it may not be looked at. */
async function hasDerivedPassword(query: Query, credentials: Credentials): Promise<boolean | undefined> {
  const [may] = await query<{ may: boolean }>("select has_table_privilege('pg_authid', 'select') as may");
  if (may?.may !== true) return undefined;
  const [held] = await query<{ rolpassword: string | null }>(
    "select rolpassword from pg_authid where rolname = $1",
    [credentials.user],
  );
  return held?.rolpassword === scramVerifier(credentials);
}

type Right = { readonly table: string; readonly right: string; readonly grantee: string | null };

/** Everything this role may do with tables, and what everybody may do with this table. */
const rightsHeld = (
  query: Query,
  user: string,
  table: Pick<Place, "qualified">,
): Promise<readonly (Right & { owner: string })[]> =>
  query<Right & { owner: string }>(
    `select c.oid::regclass::text as "table", a.privilege_type as "right", r.rolname::text as grantee,
       obj_description(c.oid, 'pg_class') as owner
     from pg_class c cross join lateral aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and (r.rolname = $1
       or (a.grantee = 0 and c.oid = to_regclass($2)))`,
    [user, table.qualified],
  );

async function rightsDrift(
  query: Query,
  owner: Owner,
  user: string,
  table: Place,
): Promise<readonly Drift[]> {
  const held = await rightsHeld(query, user, table);
  const name = await regclass(query, table);
  const missing = rights.filter(
    (right) => !held.some((one) => one.grantee === user && one.table === name && one.right === right),
  );
  const beyond = await rightsBeyond(query, owner, user, table);
  return [
    ...missing.map((right) => ({
      field: `right ${right} on ${table.name}`,
      planned: "granted",
      actual: "missing",
    })),
    ...beyond.map(({ right, table: on, grantee }) => ({
      field: `right ${right} on ${on}${grantee === null ? " of everybody" : ""}`,
      planned: "none",
      actual: "granted",
    })),
  ];
}

async function rightsBeyond(
  query: Query,
  owner: Owner,
  user: string,
  table: Place,
): Promise<readonly Right[]> {
  const held = await rightsHeld(query, user, table);
  return held.filter(({ right, grantee, owner: comment }) => {
    if (grantee === null || !(rights as readonly string[]).includes(right)) return true;
    const tag = ownerIn(comment);
    return tag?.namespace !== owner.namespace || tag.incarnation !== owner.incarnation;
  });
}

/** What somebody gave it by hand. */
async function granted(query: Query, user: string): Promise<ReadonlySet<string>> {
  const held = await rightsHeld(query, user, { qualified: 'public.""' });
  return new Set(held.filter(({ grantee }) => grantee === user).map(({ table }) => table));
}

/** Everybody may make them; only who made them and a superuser may drop them. */
const dropLargeObjects = (query: Query, { oid }: Role): Promise<unknown> =>
  query(
    `select lo_unlink(l.oid) from pg_largeobject_metadata l
     where l.lomowner = $1::oid and (select rolsuper from pg_roles where rolname = current_user)`,
    [oid],
  );

/** What still hangs on a role. Only the life's own tables and schemas give it rights. */
async function heldBy(query: Query, { oid }: Role): Promise<{ rightsElsewhere: number; others: number }> {
  const [held] = await query<{ rightsElsewhere: number; others: number }>(
    `with held as (
       select deptype = 'a' and dbid not in (0, d.oid) as elsewhere from pg_shdepend, pg_database d
       where d.datname = current_database() and refclassid = 'pg_authid'::regclass and refobjid = $1::oid)
     select count(*) filter (where elsewhere)::int as "rightsElsewhere",
       count(*) filter (where not elsewhere)::int as others from held`,
    [oid],
  );
  return held ?? { rightsElsewhere: 0, others: 0 };
}

async function regclass(query: Query, { qualified }: Place): Promise<string> {
  const [found] = await query<{ name: string }>("select to_regclass($1)::text as name", [qualified]);
  return found?.name ?? qualified;
}

/** Tables and schemas of this life in this database. */
async function ownPlaces(query: Query, owner: Owner): Promise<number> {
  const [found] = await query<{ count: number }>(
    `select (select count(*) from pg_class c
       where c.relkind in ('r', 'p') and obj_description(c.oid, 'pg_class') = $1)::int
       + (select count(*) from pg_namespace n where obj_description(n.oid, 'pg_namespace') = $1)::int as count`,
    [ownerTag(owner)],
  );
  return found?.count ?? 0;
}
