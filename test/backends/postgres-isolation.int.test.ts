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
import { goesAlone } from "./lonely-login.ts";
import { tableOf } from "./table-of.ts";

const own = logins("a secret of this test");
const ours = freshName("ours");
const theirs = freshName("theirs");
const row = "(1, gen_random_uuid(), 't', '', 'secret', '', now())";

let databases: Awaited<ReturnType<typeof ownDatabases>>;
let url: string;
let admin: pg.Pool;
let backend: Backend;

beforeAll(async () => {
  databases = await ownDatabases(process.env, freshName("isolation_"));
  url = databases.urls["PRISM_DATA_URL"] ?? "";
  admin = testPool({ connectionString: url, max: 3 });
  backend = postgres({ pool: admin, logins: own, deadlineMs: 8_000 });
  for (const namespace of [ours, theirs]) {
    const table = tableOf(namespace);
    await backend.ensure(table, call(namespace, 1));
    await admin.query(`create table ${table.name}_0 partition of ${table.name} for values from (0) to (100)`);
    await admin.query(`insert into ${table.name} values ${row}`);
  }
});
afterAll(async () => {
  for (const namespace of [ours, theirs]) await backend.remove(tableOf(namespace), call(namespace, 1));
  await backend.close();
  await databases.drop();
});

/** With pg alone, as the namespace's own login. */
async function as<T>(
  namespace: string,
  body: (client: pg.Client) => Promise<T>,
  incarnation = 1,
  database = url,
): Promise<T> {
  const { user, password } = own("postgres", { namespace, incarnation });
  const address = new URL(database);
  Object.assign(address, { username: user, password });
  const client = new pg.Client({ connectionString: address.href });
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end();
  }
}
const asOurs = (statement: string) => as(ours, (client) => client.query(statement));

describe("a namespace with pg and its own login", () => {
  it("reads and writes what is its own", async () => {
    const { name } = tableOf(ours);
    await asOurs(`insert into ${name} values (2, gen_random_uuid(), 't', '', 'mine', '', now())`);
    expect((await asOurs(`select position from ${name} order by 1`)).rows).toHaveLength(2);
  });

  const table = tableOf(theirs).name;
  it.each([
    ["read", `select * from ${table}`],
    ["read by a part", `select * from ${table}_0`],
    ["counted", `select count(*) from ${table}`],
    ["counted by estimate", `select reltuples from pg_class where relname = '${table}_0'`],
    ["counted by the planner", `explain select * from ${table}`],
    ["counted by statistics", `select n_live_tup from pg_stat_user_tables where relname = '${table}_0'`],
    ["counted by a function", `select pg_stat_get_live_tuples('${table}_0'::regclass)`],
    ["counted by its pages", `select relpages from pg_class where relname = '${table}_0'`],
    [
      "counted by what was read",
      `select heap_blks_read from pg_statio_user_tables where relname = '${table}_0'`,
    ],
    ["counted with its database", "select tup_inserted from pg_stat_database"],
    ["measured by itself", `select pg_relation_size('${table}_0')`],
    ["measured as a table", `select pg_table_size('${table}_0')`],
    ["measured by its indexes", `select pg_indexes_size('${table}_0')`],
    ["measured with its database", "select pg_database_size(current_database())"],
    ["written out", `copy ${table}_0 to stdout`],
    ["measured", `select pg_total_relation_size('${table}_0')`],
    ["written", `insert into ${table} values ${row}`],
    ["changed", `update ${table} set topic = 'x'`],
    ["deleted", `delete from ${table}`],
    ["dropped", `drop table ${table}`],
    ["emptied", `truncate ${table}`],
    ["locked", `begin; lock table ${table}`],
    ["taken over", `set role prism_${theirs}_1`],
    ["granted to itself", `grant all on ${table} to prism_${ours}_1`],
  ])("what is another's cannot be %s", (_, statement) =>
    expect(asOurs(statement)).rejects.toMatchObject({ code: "42501" }),
  );

  it("shows no values of it by what the planner keeps", async () => {
    await admin.query("analyze");
    const { rows } = await asOurs("select tablename from pg_stats where schemaname = 'public'");
    expect(rows.map(({ tablename }) => tablename)).not.toContain(`${table}_0`);
    expect(rows).not.toEqual([]);
  });

  it("hides counts from namespaces, and not from who may read all statistics", async () => {
    const [role, password] = [freshName("monitor_"), "of-this-test"];
    await admin.query(`create role ${role} login password '${password}' in role pg_read_all_stats`);
    const address = new URL(url);
    Object.assign(address, { username: role, password });
    const monitor = new pg.Client({ connectionString: address.href });
    await monitor.connect();
    const counted = await monitor.query(`select reltuples from pg_class where relname = '${table}_0'`);
    expect(counted.rowCount).toBe(1);
    await monitor.query(`select n_live_tup from pg_stat_user_tables where relname = '${table}_0'`);
    await monitor.end();
    await admin.query(`drop role ${role}`);
  });

  it("lists its own tables alone", async () => {
    const { rows } = await asOurs(
      "select table_name from information_schema.tables where table_schema = 'public'",
    );
    expect(rows).toEqual([{ table_name: tableOf(ours).name }]);
  });

  it("makes nothing of its own beside them", async () => {
    await expect(asOurs("create table mine (x int)")).rejects.toMatchObject({ code: "42501" });
    await expect(asOurs("create temporary table mine (x int)")).rejects.toMatchObject({ code: "42501" });
  });

  it("has another login when its name is used again, and the old one opens nothing", async () => {
    const again = freshName("again");
    const resource = tableOf(again);
    const first = await backend.ensure(resource, call(again, 1));
    expect(first.login).toEqual({ user: `prism_${again}_1` });
    await as(again, (client) => client.query("select 1"));
    await backend.remove(resource, call(again, 1));
    await expect(as(again, (client) => client.query("select 1"))).rejects.toMatchObject({ code: "28P01" });
    await backend.ensure(resource, call(again, 2));
    await expect(as(again, (client) => client.query("select 1"))).rejects.toMatchObject({ code: "28P01" });
    const read = (client: pg.Client) => client.query(`select * from ${resource.name}`);
    expect((await as(again, read, 2)).rows).toEqual([]);
    await backend.remove(resource, call(again, 2));
  });

  it("leaves no login behind where its table was dropped past Prism, and keeps it until then", async () => {
    const namespace = freshName("lonely");
    const owner = { namespace, incarnation: 1 };
    const name = `prism_${namespace}_1`;
    await backend.ensure(tableOf(namespace), call(namespace));
    const login = { backend: "postgres", kind: "login", name, config: {} } as const;
    expect(await backend.remove(login, call(namespace))).toEqual({ removed: false });
    await as(namespace, (client) => client.query(`select * from ${tableOf(namespace).name}`));
    await admin.query(`drop table ${tableOf(namespace).name}`);
    const pool = testPool({ connectionString: url, max: 1 });
    const other = postgres({ pool, logins: logins("another secret"), deadlineMs: 8_000 });
    await goesAlone({ backend, other, owner, name });
    await other.close();
  });

  it("is thrown out when its namespace goes", async () => {
    const going = freshName("going");
    await backend.ensure(tableOf(going), call(going, 1));
    const ended = as(going, (client) => {
      client.on("error", () => {});
      return client.query("select pg_sleep(20)");
    });
    ended.catch(() => {});
    const sleeping = () =>
      admin
        .query("select count(*)::int as n from pg_stat_activity where usename = $1 and state = 'active'", [
          `prism_${going}_1`,
        ])
        .then(({ rows }) => rows[0].n);
    await expect.poll(sleeping).toBe(1);
    await backend.remove(tableOf(going), call(going, 1));
    await expect(ended).rejects.toMatchObject({ code: "57P01" });
  });
});

describe("a namespace with a schema of its own, and others beside it", () => {
  const [mine, other] = [freshName("mine"), freshName("other")];
  const resourcesOf = (namespace: string): readonly Resource[] => {
    const config = { database: "tenants", schema: `ns_${namespace}` };
    return [
      { backend: "postgres", kind: "schema", name: `ns_${namespace}`, config: { database: "tenants" } },
      { backend: "postgres", kind: "outbox-table", name: `outbox_${namespace}`, config },
      { backend: "postgres", kind: "queue-table", name: `queue_${namespace}`, config },
    ];
  };
  const at = () => databases.urls["PRISM_TENANT_URL"] ?? "";
  const open = () => {
    const [pool, tenants] = [url, at()].map((connectionString) => testPool({ connectionString, max: 3 }));
    return postgres({ pool: pool as pg.Pool, tenants, logins: own, deadlineMs: 8_000 });
  };
  const asMine = (statement: string) => as(mine, (client) => client.query(statement), 1, at());
  let tenants: Backend;
  beforeAll(async () => {
    tenants = open();
    for (const namespace of [mine, other]) {
      await Promise.all(resourcesOf(namespace).map((one) => tenants.ensure(one, call(namespace, 1))));
    }
  });
  afterAll(async () => {
    for (const namespace of [mine, other]) {
      for (const one of resourcesOf(namespace)) await tenants.remove(one, call(namespace, 1));
    }
    await tenants.close();
  });

  it("makes tables there, and writes events beside them", async () => {
    await asMine(`create table ns_${mine}.orders (id int primary key)`);
    await asMine(
      `with made as (insert into ns_${mine}.orders values (1) returning id)
       insert into ns_${mine}.outbox_${mine} (message_id, topic, key, payload, metadata, recorded_at)
       select gen_random_uuid(), 'orders', '', '', '', now() from made`,
    );
    expect((await asMine(`select position from ns_${mine}.outbox_${mine}`)).rows).toEqual([
      { position: "1" },
    ]);
    for (const one of resourcesOf(mine)) {
      expect(await tenants.observe(one, call(mine, 1))).toMatchObject({ state: "ready" });
    }
  });

  it.each([
    ["read", `select * from ns_${other}.outbox_${other}`],
    ["written", `insert into ns_${other}.queue_${other} (topic) values ('x')`],
    ["added to", `create table ns_${other}.mine (id int)`],
    ["counted", `select reltuples from pg_class where relname = 'outbox_${other}'`],
    ["dropped", `drop schema ns_${other} cascade`],
    ["probed", `select * from ns_${mine}.prism_probe`],
  ])("what is not its own cannot be %s", (_, statement) =>
    expect(asMine(statement)).rejects.toMatchObject({ code: "42501" }),
  );

  it("begins its next life with an empty schema and another login", async () => {
    const again = freshName("next");
    const resources = resourcesOf(again);
    for (const one of resources) await tenants.ensure(one, call(again, 1));
    await as(again, (client) => client.query(`create table ns_${again}.left (id int)`), 1, at());
    await Promise.all(resources.map((one) => tenants.ensure(one, call(again, 2))));
    await expect(as(again, (client) => client.query("select 1"), 1, at())).rejects.toMatchObject({
      code: "28P01",
    });
    await expect(
      as(again, (client) => client.query(`select * from ns_${again}.left`), 2, at()),
    ).rejects.toMatchObject({ code: "42P01" });
    for (const one of resources) await tenants.remove(one, call(again, 2));
    const left = await admin.query("select 1 from pg_roles where rolname like $1", [`prism_${again}_%`]);
    expect(left.rowCount).toBe(0);
  });
});

describe("two tables of one namespace", () => {
  it("have one login, which goes with the last of them", async () => {
    const namespace = freshName("pair");
    const pair = ["wal", "replay"].map((kind) => ({
      ...tableOf(namespace),
      kind: `${kind}-table`,
      name: `${kind}_${namespace}`,
    }));
    await Promise.all(pair.map((resource) => backend.ensure(resource, call(namespace, 1))));
    const roles = () =>
      admin
        .query("select rolname from pg_roles where rolname = $1", [`prism_${namespace}_1`])
        .then(({ rows }) => rows.length);
    const [first, last] = pair as [Resource, Resource];
    expect(await backend.observe(last, call(namespace, 1))).toMatchObject({ state: "ready" });
    await backend.remove(first, call(namespace, 1));
    expect(await roles()).toBe(1);
    expect(await backend.observe(last, call(namespace, 1))).toMatchObject({ state: "ready" });
    await backend.remove(last, call(namespace, 1));
    expect(await roles()).toBe(0);
  });
});
