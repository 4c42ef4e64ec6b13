import { readFileSync } from "node:fs";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { logins } from "../../backends/logins.ts";
import { postgres } from "../../backends/postgres.ts";
import type { Resource } from "../../domain/plan.ts";
import { postgresSchema, postgresTable } from "../../domain/selection/names.ts";
import { testPool } from "../setup/test-pool.ts";
import { backendContract, freshName } from "./contract.ts";

const connectionString = process.env["PRISM_DATA_URL"] ?? "";
const common = { logins: logins("a secret of this test"), deadlineMs: 8_000 };
const poolAt = (url: string) => testPool({ connectionString: url, max: 5 });
const tableOf = (name: string): Resource => ({
  backend: "postgres",
  kind: "wal-table",
  name,
  config: { database: "data" },
});

type Kind = {
  readonly url: string;
  readonly resource: () => Resource;
  /** In SQL: what is changed by hand, and the fields that then differ. */
  readonly meddle: (resource: Resource) => readonly [statements: string, fields: readonly string[]];
  readonly plant: (resource: Resource) => string;
  readonly uproot: (resource: Resource) => string;
  /** $1: the content. */
  readonly write: (resource: Resource) => readonly string[];
  readonly exists: string;
};
const tenantUrl = process.env["PRISM_TENANT_URL"] ?? "";
const schemaOf = ({ config }: Resource): string => config["schema"] as string;
const inSchema = (kind: string): Resource => ({
  ...tableOf(freshName("outbox_")),
  kind,
  config: { database: "tenants", schema: freshName("ns_") },
});
const byHand = "alter role prism_orders_2 createdb password 'by hand'";
const relation = "select to_regclass($1) is not null as there";

const messageColumns = "message_id, topic, key, payload, metadata, recorded_at";
const messageValues = "gen_random_uuid(), 'orders', '', $1, '', now()";

const kinds: Readonly<Record<string, Kind>> = {
  "wal-table": {
    url: connectionString,
    resource: () => tableOf(freshName("wal_")),
    meddle: ({ name }) => [
      `alter table ${name} drop column metadata; revoke insert on ${name} from prism_orders_2;
       grant select on ${name} to public; ${byHand}`,
      [
        "column metadata",
        `right INSERT on ${name}`,
        `right SELECT on ${name} of everybody`,
        "rolcreatedb",
        "password",
      ],
    ],
    plant: ({ name }) => `create table ${name} (precious text)`,
    uproot: ({ name }) => `drop table ${name}`,
    exists: relation,
    write: ({ name }) => [
      `create table ${name}_part partition of ${name} default`,
      `insert into ${name} (position, ${messageColumns}) values (1, ${messageValues})`,
    ],
  },
  "keyvalue-table": {
    url: connectionString,
    resource: () => ({ ...tableOf(freshName("kv_")), kind: "keyvalue-table" }),
    meddle: ({ name }) => [
      `alter table ${name} drop column expires_at; grant select on ${name} to public`,
      ["column expires_at", `right SELECT on ${name} of everybody`],
    ],
    plant: ({ name }) => `create table ${name} (precious text)`,
    uproot: ({ name }) => `drop table ${name}`,
    exists: relation,
    write: ({ name }) => [`insert into ${name} (key, value, version, updated_at) values ('a', $1, 1, now())`],
  },
  "outbox-table": {
    url: tenantUrl,
    resource: () => inSchema("outbox-table"),
    meddle: (resource) => {
      const [schema, name] = [schemaOf(resource), resource.name];
      return [
        `alter table ${schema}.${name} drop column key; revoke usage on schema ${schema} from prism_orders_2;
         grant create on schema ${schema} to public; ${byHand}`,
        [
          "column key",
          `right USAGE on schema ${schema}`,
          `right CREATE on schema ${schema} of everybody`,
          "rolcreatedb",
          "password",
        ],
      ];
    },
    plant: (resource) =>
      `create schema ${schemaOf(resource)}; create table ${schemaOf(resource)}.${resource.name} (precious text)`,
    uproot: (resource) => `drop schema ${schemaOf(resource)} cascade`,
    exists: relation,
    write: (resource) => [
      `insert into ${schemaOf(resource)}.${resource.name} (${messageColumns}) values (${messageValues})`,
    ],
  },
  schema: {
    url: tenantUrl,
    resource: () => ({ ...tableOf(freshName("ns_")), kind: "schema", config: { database: "tenants" } }),
    meddle: ({ name }) => [
      `drop table ${name}.prism_probe; revoke all on schema ${name} from prism_orders_2; ${byHand}`,
      [
        "table prism_probe",
        `right CREATE on schema ${name}`,
        `right USAGE on schema ${name}`,
        "rolcreatedb",
        "password",
      ],
    ],
    plant: ({ name }) => `create schema ${name}`,
    uproot: ({ name }) => `drop schema ${name}`,
    exists: "select to_regnamespace($1) is not null as there",
    write: ({ name }) => [
      `create table ${name}.own (content bytea)`,
      `insert into ${name}.own (content) values ($1)`,
    ],
  },
};

describe.each(Object.entries(kinds))(
  "%s",
  (kind, { url, resource, meddle, plant, uproot, exists, write }) => {
    backendContract(`a ${kind} in Postgres`, async () => {
      const own = new pg.Client({ connectionString: url });
      await own.connect();
      const openAt = (deadlineMs: number, port?: number) => {
        const [data, tenants] = [connectionString, tenantUrl].map((given) => {
          const address = new URL(given);
          if (port !== undefined) address.port = String(port);
          return poolAt(address.href);
        }) as [pg.Pool, pg.Pool];
        return postgres({ ...common, deadlineMs, pool: data, tenants });
      };
      const backend = openAt(common.deadlineMs);
      const qualified = ({ name, config }: Resource) =>
        typeof config["schema"] === "string" ? `${config["schema"]}.${name}` : name;
      return {
        backend,
        resource,
        meddle: async (one) => {
          const [statements, fields] = meddle(one);
          await own.query(statements);
          return fields;
        },
        plant: async (one) => void (await own.query(plant(one))),
        exists: async (one) => (await own.query(exists, [qualified(one)])).rows[0].there,
        write: async (one, content) => {
          for (const statement of write(one))
            await own.query(statement, statement.includes("$1") ? [content] : []);
        },
        uproot: async (one) => void (await own.query(uproot(one))),
        open: openAt,
        close: async () => {
          await own.end();
          await backend.close();
        },
      };
    });
  },
);

describe("whose a table is", () => {
  const pool = poolAt(connectionString);
  const backend = postgres({ ...common, pool });
  const callOf = (namespace: string, incarnation: number) => ({
    owner: { namespace, incarnation },
    claim: { intended: true },
    signal: new AbortController().signal,
  });
  afterAll(() => backend.close());

  it.each([
    ["64 characters", freshName("x").padEnd(64, "y")],
    ["64 characters, the last of them another", freshName("x").padEnd(63, "y").concat("z")],
    ["a hyphen", `${freshName("a")}-b`],
    ["no hyphen", `${freshName("a")}b`],
    ["a word of SQL", "select"],
    ["another word of SQL", "user"],
  ])("a namespace may be called by %s", async (_, namespace) => {
    const both = postgres({ ...common, pool: poolAt(connectionString), tenants: poolAt(tenantUrl) });
    const schema = postgresSchema(namespace);
    const config = { database: "tenants", schema };
    const resources: readonly Resource[] = [
      { ...tableOf(postgresTable("wal", namespace)) },
      { ...tableOf(postgresTable("kv", namespace)), kind: "keyvalue-table" },
      { ...tableOf(schema), kind: "schema", config: { database: "tenants" } },
      { ...tableOf(postgresTable("outbox", namespace)), kind: "outbox-table", config },
    ];
    for (const one of resources) {
      const { identity } = await both.ensure(one, callOf(namespace, 1));
      expect(await both.observe(one, callOf(namespace, 1))).toEqual({ state: "ready", identity });
    }
    for (const one of resources)
      expect(await both.remove(one, callOf(namespace, 1))).toEqual({ removed: true });
    for (const one of resources)
      expect(await both.observe(one, callOf(namespace, 1))).toEqual({ state: "absent" });
    await both.close();
  });

  it("one of an earlier life is ours and dead: the new life begins empty", async () => {
    const table = tableOf(freshName("wal_"));
    const first = await backend.ensure(table, callOf("orders", 1));
    const second = await backend.ensure(table, callOf("orders", 2));
    expect(second.identity).not.toBe(first.identity);
    expect(await backend.observe(table, callOf("orders", 2))).toMatchObject({ state: "ready" });
    expect(await backend.remove(table, callOf("orders", 1))).toEqual({ removed: false });
    expect(await backend.remove(table, callOf("orders", 2))).toEqual({ removed: true });
  });

  it("one of another namespace is not, also where the name would be the same", async () => {
    const table = tableOf(freshName("wal_"));
    await backend.ensure(table, callOf("theirs", 1));
    await expect(backend.ensure(table, callOf("ours", 1))).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
    });
    expect(await backend.remove(table, callOf("ours", 5))).toEqual({ removed: false });
    expect(await backend.remove(table, callOf("theirs", 1))).toEqual({ removed: true });
  });

  it("with a log goes what proxies kept of it, and nothing of the next life's", async () => {
    const name = freshName("logged");
    const table = tableOf(`wal_${name}`);
    await pool.query(readFileSync("backends/write-ahead-log/tables.sql", "utf8"));
    const heads = () => pool.query("select 1 from prism_log.log_head where namespace = $1", [name]);
    await pool.query("insert into prism_log.log_head values ($1, 2, 0, now(), 'open')", [name]);
    await backend.ensure(table, callOf(name, 1));
    await backend.remove(table, callOf(name, 1));
    expect((await heads()).rowCount).toBe(1);
    await backend.ensure(table, callOf(name, 2));
    await backend.remove(table, callOf(name, 2));
    expect((await heads()).rowCount).toBe(0);
  });

  it("a column that was changed by hand is not silently changed back", async () => {
    const table = tableOf(freshName("wal_"));
    await backend.ensure(table, callOf("orders", 1));
    await pool.query(`alter table ${table.name} alter column payload type text using 'x'`);
    await expect(backend.ensure(table, callOf("orders", 1))).rejects.toMatchObject({ code: "INTERNAL" });
    await backend.remove(table, callOf("orders", 1));
  });
});
