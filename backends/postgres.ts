import type { Pool, PoolClient } from "pg";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import { asking } from "./ask.ts";
import type { Backend, Call, Observed } from "./backend.ts";
import type { Logins } from "./logins.ts";
import { standing } from "./owner-tag.ts";
import { hideCounts } from "./postgres-catalog.ts";
import { type PostgresRole, postgresRole } from "./postgres-role.ts";
import {
  createTable,
  findTable,
  forgetLog,
  listTables,
  mendTable,
  quoted,
  type Table,
  tableDrift,
} from "./postgres-table.ts";
import { bounded, type Timed, type TimedCall } from "./timed.ts";

export type PostgresOptions = {
  /** Into the data database. */
  readonly pool: Pool;
  readonly logins: Logins;
  readonly deadlineMs: number;
};

/** One statement of the transaction at hand; answers its rows. */
export type Query = <Row>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

const kinds = ["wal-table", "replay-table", "tier-table"];
const ask = asking("Postgres");

/**
 * A namespace in the data database is its tables, each with its owner written into its
 * comment, and a role that may use them. A verb is one transaction: whole or not at all.
 */
export function postgres({ pool, logins, deadlineMs }: PostgresOptions): Backend {
  const role = postgresRole(logins);

  return bounded("Postgres", deadlineMs, {
    kind: "postgres",

    observe: async (resource, call) => {
      known(resource);
      return inTransaction(pool, `look up table ${resource.name}`, call.timed, (query) =>
        observeTable(query, role, resource, call),
      );
    },

    async ensure(resource, call) {
      known(resource);
      const { owner } = call;
      return inTransaction(pool, `make table ${resource.name}`, call.timed, async (query) => {
        // `create table if not exists` races with itself: one attempt at a time for a name.
        await query("select pg_advisory_xact_lock(hashtext($1))", [`prism table ${resource.name}`]);
        await dropDead(query, role, resource, call);
        const seen = await observeTable(query, role, resource, call);
        if (seen.state === "foreign") throw foreignTable(resource, seen.because);
        if (seen.state === "absent") await createTable(query, resource, owner);
        const table = await findTable(query, resource.name);
        if (table === undefined)
          throw new PrismError("INTERNAL", `table ${resource.name} is not there after it was made`);
        await mendTable(query, resource, tableDrift(table));
        const login = await role.ensure(query, owner, resource.name);
        const seeing = await hideCounts(query);
        return { identity: table.oid, login: seeing === undefined ? login : { ...login, seeing } };
      });
    },

    async remove(resource, call) {
      known(resource);
      return inTransaction(pool, `drop table ${resource.name}`, call.timed, async (query) => {
        const table = await findTable(query, resource.name);
        if (table !== undefined && isForeign(table, call)) return { removed: false };
        if (table !== undefined) await drop(query, role, resource, table);
        await role.remove(query, call.owner);
        return { removed: true };
      });
    },

    list: (timed) => inTransaction(pool, "list its tables", timed, listTables),

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

    close: () => pool.end(),
  });
}

function known(resource: Resource): void {
  if (kinds.includes(resource.kind)) return;
  throw new PrismError("UNIMPLEMENTED", `this build makes no ${resource.kind} in Postgres yet`);
}

async function observeTable(
  query: Query,
  role: PostgresRole,
  resource: Resource,
  call: TimedCall,
): Promise<Observed> {
  const table = await findTable(query, resource.name);
  if (table === undefined) return { state: "absent" };
  const { oid: identity } = table;
  const other = standing(table.owner, identity, call);
  if (other !== undefined) return other;
  const drift = [...tableDrift(table), ...(await role.drift(query, call.owner, resource.name))];
  return drift.length === 0 ? { state: "ready", identity } : { state: "drifted", identity, drift };
}

/** A table of a finished life of the same name is ours and dead: the new life starts empty. */
async function dropDead(query: Query, role: PostgresRole, resource: Resource, call: Call): Promise<void> {
  const table = await findTable(query, resource.name);
  if (table === undefined || standing(table.owner, table.oid, call)?.state !== "dead") return;
  await drop(query, role, resource, table);
}

const isForeign = ({ owner, oid }: Table, call: Call): boolean =>
  standing(owner, oid, call)?.state === "foreign";

async function drop(query: Query, role: PostgresRole, resource: Resource, table: Table): Promise<void> {
  await query(`drop table ${quoted(resource.name)}`);
  if (table.owner === undefined) return;
  await forgetLog(query, table.owner);
  await role.remove(query, table.owner);
}

/** The server gives up when the client does: no statement outlives its call, also where the network does not say so. */
async function inTransaction<T>(
  pool: Pool,
  what: string,
  timed: Timed,
  body: (query: Query) => Promise<T>,
): Promise<T> {
  const client = await ask(what, timed, () => pool.connect());
  let held = true;
  const release = (broken: boolean) => {
    if (held) client.release(broken);
    held = false;
  };
  const hangUp = () => release(true);
  timed.signal.addEventListener("abort", hangUp, { once: true });
  const query: Query = (text, values) =>
    ask(what, timed, async () => (await client.query(text, values === undefined ? [] : [...values])).rows);
  try {
    timed.throwIfOver();
    const left = timed.leftMs();
    await ask(what, timed, () =>
      client.query(
        `begin; set local statement_timeout = ${left}; set local idle_in_transaction_session_timeout = ${left}`,
      ),
    );
    const result = await body(query);
    await query("commit");
    return result;
  } catch (error) {
    if (!timed.signal.aborted) await rollBack(client);
    throw error;
  } finally {
    timed.signal.removeEventListener("abort", hangUp);
    release(timed.signal.aborted);
  }
}

const rollBack = (client: PoolClient): Promise<unknown> => client.query("rollback").catch(() => undefined);

const foreignTable = (resource: Resource, because: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `table '${resource.name}' in Postgres is not Prism's: ${because}`, {
    details: { field: "namespace", recommendation: "Choose a different namespace name" },
  });
