import type { Pool } from "pg";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import { loginKind } from "../domain/reconcile/thing.ts";
import { asking } from "./ask.ts";
import type { Backend, Observed, Owner } from "./backend.ts";
import type { Logins } from "./logins.ts";
import { standing } from "./owner-tag.ts";
import { hideCounts } from "./postgres-catalog.ts";
import { type Form, type Found, formOf } from "./postgres-form.ts";
import { inTenants } from "./postgres-place.ts";
import { listRoles, type PostgresRole, postgresRole } from "./postgres-role.ts";
import { listSchemas } from "./postgres-schema.ts";
import { forgetLog, listTables } from "./postgres-table.ts";
import { inTransaction, type Query } from "./postgres-transaction.ts";
import { bounded, type TimedCall } from "./timed.ts";

export type PostgresOptions = {
  /** Into the data database. */
  readonly pool: Pool;
  /** Into the tenant database; left out: nothing is made there. */
  readonly tenants?: Pool | undefined;
  readonly logins: Logins;
  readonly deadlineMs: number;
};

const ask = asking("Postgres");

/**
 * A namespace in Postgres is its tables and schemas, each with its owner written into its
 * comment, and a role that may use them. A verb is one transaction: whole or not at all. What
 */
export function postgres({ pool, tenants, logins, deadlineMs }: PostgresOptions): Backend {
  const role = postgresRole(logins);
  const within = async <T>(
    verb: string,
    resource: Resource,
    call: TimedCall,
    body: (query: Query, form: Form, role: PostgresRole) => Promise<T>,
  ): Promise<T> => {
    const database = inTenants(resource) ? tenants : pool;
    const gone = new Map<string, Owner>();
    const noting = {
      ...role,
      remove(query: Query, owner: Owner) {
        gone.set(role.named(owner).user, owner);
        return role.remove(query, owner);
      },
    };
    const form = formOf(resource, noting);
    if (form === undefined || database === undefined) throw unbuilt(resource);
    const what = `${verb} ${resource.kind} ${resource.name}`;
    const answer = await inTransaction(database, what, call.timed, (query) => body(query, form, noting));
    // Who removes in another database of the server at the same time saw what is gone only now, as did this one.
    for (const owner of gone.values()) {
      await inTransaction(database, what, call.timed, (query) => role.remove(query, owner));
    }
    return answer;
  };

  /** Roles are the server's; both databases may be on one. */
  const removeLogin = async ({ name }: Resource, { owner, timed }: TimedCall): Promise<boolean> => {
    if (name !== role.named(owner).user) return false;
    let gone = true;
    for (const database of [pool, ...(tenants === undefined ? [] : [tenants])]) {
      const removed = (query: Query) => role.removeOurs(query, owner);
      gone = (await inTransaction(database, `drop login ${name}`, timed, removed)) && gone;
    }
    return gone;
  };

  return bounded("Postgres", deadlineMs, {
    kind: "postgres",

    observe: async (resource, call) =>
      within("look up", resource, call, (query, form) => observed(query, form, call)),

    ensure: async (resource, call) =>
      within("make", resource, call, async (query, form, noted) => {
        await alone(query, form);
        const before = await form.find(query);
        // Of a finished life of the same name: ours and dead. The new life starts empty.
        if (before !== undefined && standing(before.owner, before.oid, call)?.state === "dead") {
          await drop(query, form, before, noted);
        }
        const seen = await observed(query, form, call);
        if (seen.state === "foreign") throw foreign(resource, seen.because);
        const login = await form.make(query, call.owner);
        const made = await form.find(query);
        if (made === undefined) {
          throw new PrismError(
            "INTERNAL",
            `${resource.kind} ${resource.name} is not there after it was made`,
          );
        }
        const seeing = await hideCounts(query);
        return { identity: made.oid, login: seeing === undefined ? login : { ...login, seeing } };
      }),

    remove: async (resource, call) => {
      if (resource.kind === loginKind) return { removed: await removeLogin(resource, call) };
      return within("drop", resource, call, async (query, form, noted) => {
        await alone(query, form);
        const found = await form.find(query);
        if (found !== undefined && standing(found.owner, found.oid, call)?.state === "foreign") {
          return { removed: false };
        }
        if (found !== undefined) await drop(query, form, found, noted);
        await noted.remove(query, call.owner);
        return { removed: true };
      });
    },

    measure: async (resource, call) => ({
      bytes: await within("measure", resource, call, (query, form) => form.bytes(query)),
      estimated: false,
    }),

    async list(timed) {
      const tablesAndRoles = async (query: Query) => [
        ...(await listTables(query)),
        ...(await listRoles(query)),
      ];
      const inData = await inTransaction(pool, "list its tables", timed, tablesAndRoles);
      if (tenants === undefined) return inData;
      const both = async (query: Query) => [...(await listSchemas(query)), ...(await listTables(query))];
      return [...inData, ...(await inTransaction(tenants, "list its tables", timed, both))];
    },

    async health(timed) {
      await ask("answer", timed, () => pool.query("select 1"));
    },

    async usage(timed) {
      const asked = () =>
        pool.query<{ version: string; bytes: string }>(
          "select current_setting('server_version') as version, pg_database_size(current_database()) as bytes",
        );
      const [row] = (await ask("tell about itself", timed, asked)).rows;
      return { version: row?.version ?? null, used: { bytes: Number(row?.bytes ?? 0) } };
    },

    close: async () => void (await Promise.all([pool.end(), tenants?.end()])),
  });
}

/** `create … if not exists` races with itself: one attempt at a time. */
const alone = (query: Query, { lock }: Form): Promise<unknown> =>
  query("select pg_advisory_xact_lock(hashtext($1))", [lock]);

async function observed(query: Query, form: Form, call: TimedCall): Promise<Observed> {
  const found = await form.find(query);
  if (found === undefined) return { state: "absent" };
  const { oid: identity } = found;
  const other = standing(found.owner, identity, call);
  if (other !== undefined) return other;
  const drift = await form.drift(query, call.owner);
  return drift.length === 0 ? { state: "ready", identity } : { state: "drifted", identity, drift };
}

async function drop(query: Query, form: Form, { owner }: Found, role: PostgresRole): Promise<void> {
  await form.drop(query);
  if (owner === undefined) return;
  if (form.keepsLog) await forgetLog(query, owner);
  await role.remove(query, owner);
}

const unbuilt = ({ kind }: Resource): PrismError =>
  new PrismError("UNIMPLEMENTED", `this build makes no ${kind} in Postgres yet`);

const foreign = ({ kind, name }: Resource, because: string): PrismError =>
  new PrismError(
    "INVALID_CONFIGURATION",
    `${kind === "schema" ? "schema" : "table"} '${name}' in Postgres is not Prism's: ${because}`,
    { details: { field: "namespace", recommendation: "Choose a different namespace name" } },
  );
