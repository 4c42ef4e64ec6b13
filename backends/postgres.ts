import type { Pool, PoolClient } from "pg";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import { ask } from "./ask.ts";
import type { Backend, Call, Drift, Observed, Owner } from "./backend.ts";

/** The tables of the write-ahead log and of the replay store: one row a message (design §9). */
const messageColumns: Readonly<Record<string, string>> = {
  position: "bigint",
  message_id: "uuid",
  topic: "text",
  key: "bytea",
  payload: "bytea",
  metadata: "bytea",
  recorded_at: "timestamp with time zone",
};

const kinds = ["wal-table", "replay-table"];

/** A namespace in the data database is its tables, each with its owner written into its comment. */
export function postgres(pool: Pool): Backend {
  const inTransaction = <T>(what: string, body: (client: PoolClient) => Promise<T>): Promise<T> =>
    ask("Postgres", what, transaction(pool, body));

  return {
    kind: "postgres",

    observe: async (resource, call) => {
      known(resource);
      return inTransaction(`look up table ${resource.name}`, (client) =>
        observeTable(client, resource, call),
      );
    },

    async ensure(resource, call) {
      known(resource);
      return inTransaction(`make table ${resource.name}`, async (client) => {
        // `create table if not exists` races with itself: one attempt at a time for a name.
        await client.query("select pg_advisory_xact_lock(hashtext($1))", [`prism table ${resource.name}`]);
        await dropDead(client, resource, call.owner);
        const seen = await observeTable(client, resource, call);
        if (seen.state === "foreign") throw foreignTable(resource, seen.because);
        if (seen.state === "absent") await createTable(client, resource, call.owner);
        if (seen.state === "drifted") await addColumns(client, resource);
        const made = await find(client, resource);
        if (made === undefined)
          throw new PrismError("INTERNAL", `table ${resource.name} is not there after it was made`);
        return { identity: made.oid };
      });
    },

    async remove(resource, call) {
      known(resource);
      return inTransaction(`drop table ${resource.name}`, async (client) => {
        const seen = await observeTable(client, resource, call);
        if (seen.state === "foreign") return { removed: false };
        if (seen.state !== "absent") await client.query(`drop table ${quoted(resource.name)}`);
        return { removed: true };
      });
    },

    async health() {
      await ask("Postgres", "answer", pool.query("select 1"));
    },

    close: () => pool.end(),
  };
}

function known(resource: Resource): void {
  if (kinds.includes(resource.kind)) return;
  throw new PrismError("UNIMPLEMENTED", `this build makes no ${resource.kind} in Postgres yet`);
}

type Table = {
  readonly oid: string;
  readonly comment: string | null;
  readonly columns: Record<string, string>;
};

async function observeTable(client: PoolClient, resource: Resource, { owner }: Call): Promise<Observed> {
  const table = await find(client, resource);
  if (table === undefined) return { state: "absent" };
  const tag = ownerOf(table.comment);
  if (tag?.namespace !== owner.namespace || tag.incarnation !== owner.incarnation) {
    const whose =
      tag === undefined ? "it carries no owner" : `it belongs to ${tag.namespace}/${tag.incarnation}`;
    return { state: "foreign", identity: table.oid, because: whose };
  }
  const drift = driftOf(table);
  return drift.length === 0
    ? { state: "ready", identity: table.oid }
    : { state: "drifted", identity: table.oid, drift };
}

async function find(client: PoolClient, resource: Resource): Promise<Table | undefined> {
  const { rows } = await client.query<Table>(
    `select c.oid::text as oid, obj_description(c.oid, 'pg_class') as comment,
       (select jsonb_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
     from pg_class c where c.oid = to_regclass($1)`,
    [`public.${quoted(resource.name)}`],
  );
  return rows[0];
}

const driftOf = (table: Table): Drift[] =>
  Object.entries(messageColumns)
    .filter(([name, type]) => table.columns[name] !== type)
    .map(([name, type]) => ({
      field: `column ${name}`,
      planned: type,
      actual: table.columns[name] ?? "missing",
    }));

/** A table of a finished life of the same name is ours and dead: the new life starts empty. */
async function dropDead(client: PoolClient, resource: Resource, owner: Owner): Promise<void> {
  const tag = ownerOf((await find(client, resource))?.comment ?? null);
  if (tag?.namespace !== owner.namespace || tag.incarnation >= owner.incarnation) return;
  await client.query(`drop table ${quoted(resource.name)}`);
}

async function createTable(client: PoolClient, resource: Resource, owner: Owner): Promise<void> {
  const columns = Object.entries(messageColumns).map(([name, type]) => `${name} ${type} not null`);
  const table = quoted(resource.name);
  await client.query(`create table ${table} (${columns.join(", ")}) partition by range (position)`);
  await client.query(
    `comment on table ${table} is ${client.escapeLiteral(JSON.stringify({ prism: owner }))}`,
  );
}

async function addColumns(client: PoolClient, resource: Resource): Promise<void> {
  const table = await find(client, resource);
  for (const [name, type] of Object.entries(messageColumns)) {
    if (table?.columns[name] === type) continue;
    if (table?.columns[name] !== undefined) {
      throw new PrismError(
        "INTERNAL",
        `column ${name} of ${resource.name} was changed by hand to ${table.columns[name]}`,
      );
    }
    await client.query(`alter table ${quoted(resource.name)} add column ${name} ${type}`);
  }
}

function ownerOf(comment: string | null): Owner | undefined {
  try {
    const tag = (JSON.parse(comment ?? "") as { prism?: Partial<Owner> }).prism;
    if (typeof tag?.namespace !== "string" || typeof tag.incarnation !== "number") return undefined;
    return { namespace: tag.namespace, incarnation: tag.incarnation };
  } catch {
    return undefined;
  }
}

async function transaction<T>(pool: Pool, body: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const result = await body(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const foreignTable = (resource: Resource, because: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `table '${resource.name}' in Postgres is not Prism's: ${because}`, {
    details: { field: "namespace", recommendation: "Choose a different namespace name" },
  });
