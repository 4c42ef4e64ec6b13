import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { logins } from "../../backends/logins.ts";
import { postgres } from "../../backends/postgres.ts";
import type { Resource } from "../../domain/plan.ts";
import { ownDatabases } from "../setup/databases.ts";
import { testPool } from "../setup/test-pool.ts";
import { callOf as call } from "./call-of.ts";
import { freshName } from "./contract.ts";
import { tableOf } from "./table-of.ts";

const own = logins("a secret of this test");
let databases: Awaited<ReturnType<typeof ownDatabases>>;
let admin: pg.Pool;
let elsewhere: pg.Pool;

beforeAll(async () => {
  databases = await ownDatabases(process.env, freshName("two_"));
  [admin, elsewhere] = [poolOf("PRISM_DATA_URL"), poolOf("PRISM_TENANT_URL")];
});
afterAll(async () => {
  await Promise.all([admin.end(), elsewhere.end()]);
  await databases.drop();
});

const poolOf = (name: string) => testPool({ connectionString: databases.urls[name], max: 3 });
const open = (pool = poolOf("PRISM_DATA_URL"), tenants = poolOf("PRISM_TENANT_URL")) =>
  postgres({ pool, tenants, logins: own, deadlineMs: 20_000 });
const schemaOf = (namespace: string): Resource => ({
  backend: "postgres",
  kind: "schema",
  name: `ns_${namespace}`,
  config: { database: "tenants" },
});
const roleOf = (namespace: string) => `prism_${namespace}_1`;

/** Whether it may log in; `undefined`: there is none. */
async function lets(namespace: string): Promise<boolean | undefined> {
  const found = await admin.query("select rolcanlogin from pg_roles where rolname = $1", [roleOf(namespace)]);
  return found.rows[0]?.rolcanlogin;
}

/** Holds what is committed first in each of two databases until both are about to commit. */
function meeting(...pools: readonly pg.Pool[]): void {
  const both = Promise.withResolvers<void>();
  let coming = 0;
  for (const pool of pools) {
    let isFirst = true;
    const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
    pool.connect = (async () => {
      const client = await connect();
      const query = client.query.bind(client) as (text: string, values: unknown[]) => Promise<unknown>;
      client.query = (async (text: string, values: unknown[]) => {
        if (text === "commit" && isFirst) {
          isFirst = false;
          if (++coming === pools.length) both.resolve();
          await both.promise;
        }
        return query(text, values);
      }) as typeof client.query;
      return client;
    }) as typeof pool.connect;
  }
}

describe("a namespace in two databases of one server", () => {
  it("has its login removed also where both are left at the same time", async () => {
    const namespace = freshName("both");
    const [pool, tenants] = [poolOf("PRISM_DATA_URL"), poolOf("PRISM_TENANT_URL")];
    const resources = [tableOf(namespace), schemaOf(namespace)];
    const before = open();
    for (const each of resources) await before.ensure(each, call(namespace));
    await before.close();
    expect(await lets(namespace)).toBe(true);
    meeting(pool, tenants);
    const backend = open(pool, tenants);
    await Promise.all(resources.map((each) => backend.remove(each, call(namespace))));
    expect(await lets(namespace)).toBeUndefined();
    await backend.close();
  });

  it("keeps its login while there is something left in one", async () => {
    const namespace = freshName("one");
    const backend = open();
    for (const each of [tableOf(namespace), schemaOf(namespace)]) await backend.ensure(each, call(namespace));
    await backend.remove(tableOf(namespace), call(namespace));
    expect(await backend.observe(schemaOf(namespace), call(namespace))).toMatchObject({ state: "ready" });
    await backend.remove(schemaOf(namespace), call(namespace));
    expect(await lets(namespace)).toBeUndefined();
    await backend.close();
  });
});

describe("the login of a namespace that is removed", () => {
  let backend: Backend;
  beforeAll(() => {
    backend = open();
  });
  afterAll(() => backend.close());

  it("takes with it the large objects that it made", async () => {
    const namespace = freshName("large");
    await backend.ensure(tableOf(namespace), call(namespace));
    const { user, password } = own("postgres", { namespace, incarnation: 1 });
    const address = new URL(databases.urls["PRISM_DATA_URL"] ?? "");
    Object.assign(address, { username: user, password });
    const client = new pg.Client({ connectionString: address.href });
    await client.connect();
    await client.query("select lo_create(0)");
    await client.end();
    await backend.remove(tableOf(namespace), call(namespace));
    expect(await lets(namespace)).toBeUndefined();
    const left = await admin.query("select 1 from pg_largeobject_metadata");
    expect(left.rowCount).toBe(0);
  });

  it("lets nobody in any more also where it cannot be dropped", async () => {
    const namespace = freshName("kept");
    await backend.ensure(tableOf(namespace), call(namespace));
    await elsewhere.query(`create table by_hand_${namespace} (x int)`);
    await elsewhere.query(`alter table by_hand_${namespace} owner to ${roleOf(namespace)}`);
    expect(await backend.remove(tableOf(namespace), call(namespace))).toEqual({ removed: true });
    expect(await lets(namespace)).toBe(false);
    await elsewhere.query(`drop table by_hand_${namespace}`);
    await backend.remove(tableOf(namespace), call(namespace));
    expect(await lets(namespace)).toBeUndefined();
  });
});

describe("a login that is made from another database at the same time", () => {
  const blocked = async () => {
    const waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = $1";
    const { pathname } = new URL(databases.urls["PRISM_DATA_URL"] ?? "");
    return (await elsewhere.query(waiting, [pathname.slice(1)])).rowCount;
  };

  it.each([
    ["made", "", "create role"],
    ["changed", "create role", "alter role"],
  ])("is %s there first, and is the namespace's all the same", async (_, before, statement) => {
    const namespace = freshName("raced");
    if (before !== "") await admin.query(`${before} ${roleOf(namespace)}`);
    const other = await elsewhere.connect();
    await other.query("begin");
    await other.query(`${statement} ${roleOf(namespace)} connection limit 5`);
    const backend = open();
    const made = backend.ensure(tableOf(namespace), call(namespace));
    made.catch(() => {});
    await expect.poll(blocked).toBe(1);
    await other.query("commit");
    other.release();
    expect(await made).toMatchObject({ login: { user: roleOf(namespace) } });
    expect(await backend.observe(tableOf(namespace), call(namespace))).toMatchObject({ state: "ready" });
    await backend.remove(tableOf(namespace), call(namespace));
    await backend.close();
  });
});
