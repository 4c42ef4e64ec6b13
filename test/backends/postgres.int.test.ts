import { readFileSync } from "node:fs";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { logins } from "../../backends/logins.ts";
import { postgres } from "../../backends/postgres.ts";
import type { Resource } from "../../domain/plan.ts";
import { backendContract, freshName } from "./contract.ts";

const connectionString = process.env["PRISM_DATA_URL"] ?? "";
const common = { logins: logins("a secret of this test"), deadlineMs: 8_000 };
const poolAt = (url: string) => {
  const pool = new pg.Pool({ connectionString: url, max: 5 });
  pool.on("error", () => {});
  return pool;
};
const tableOf = (name: string): Resource => ({
  backend: "postgres",
  kind: "wal-table",
  name,
  config: { database: "data" },
});

backendContract("a Postgres table", async () => {
  const pool = poolAt(connectionString);
  const own = new pg.Client({ connectionString });
  await own.connect();
  const backend = postgres({ ...common, pool });
  return {
    backend,
    resource: () => tableOf(freshName("wal_")),
    meddle: async ({ name }) => {
      await own.query(`alter table ${name} drop column metadata`);
      await own.query(`revoke insert on ${name} from prism_orders_2`);
      await own.query(`grant select on ${name} to public`);
      await own.query("alter role prism_orders_2 createdb password 'by hand'");
      return [
        "column metadata",
        `right INSERT on ${name}`,
        `right SELECT on ${name} of everybody`,
        "rolcreatedb",
        "password",
      ];
    },
    plant: async ({ name }) => void (await own.query(`create table ${name} (precious text)`)),
    exists: async ({ name }) =>
      (await own.query("select to_regclass($1) is not null as there", [name])).rows[0].there,
    uproot: async ({ name }) => void (await own.query(`drop table ${name}`)),
    open: (deadlineMs, port) => {
      const url = new URL(connectionString);
      if (port !== undefined) url.port = String(port);
      return postgres({ ...common, deadlineMs, pool: poolAt(url.href) });
    },
    close: async () => {
      await own.end();
      await backend.close();
    },
  };
});

describe("whose a table is", () => {
  const pool = poolAt(connectionString);
  const backend = postgres({ ...common, pool });
  const callOf = (namespace: string, incarnation: number) => ({
    owner: { namespace, incarnation },
    claim: { intended: true },
    signal: new AbortController().signal,
  });
  afterAll(() => backend.close());

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
