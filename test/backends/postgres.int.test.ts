import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { postgres } from "../../backends/postgres.ts";
import type { Resource } from "../../domain/plan.ts";
import { backendContract, freshName } from "./contract.ts";

const connectionString = process.env["PRISM_DATA_URL"] ?? "";
const tableOf = (name: string): Resource => ({
  backend: "postgres",
  kind: "wal-table",
  name,
  config: { database: "data" },
});

backendContract("a Postgres table", async () => {
  const pool = new pg.Pool({ connectionString, max: 5 });
  const own = new pg.Client({ connectionString });
  await own.connect();
  const backend = postgres(pool);
  return {
    backend,
    resource: () => tableOf(freshName("wal_")),
    meddle: async ({ name }) => void (await own.query(`alter table ${name} drop column metadata`)),
    plant: async ({ name }) => void (await own.query(`create table ${name} (precious text)`)),
    exists: async ({ name }) =>
      (await own.query("select to_regclass($1) is not null as there", [name])).rows[0].there,
    uproot: async ({ name }) => void (await own.query(`drop table ${name}`)),
    close: async () => {
      await own.end();
      await backend.close();
    },
  };
});

describe("whose a table is", () => {
  const pool = new pg.Pool({ connectionString, max: 5 });
  const backend = postgres(pool);
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

  it("a column that was changed by hand is not silently changed back", async () => {
    const table = tableOf(freshName("wal_"));
    await backend.ensure(table, callOf("orders", 1));
    await pool.query(`alter table ${table.name} alter column payload type text using 'x'`);
    await expect(backend.ensure(table, callOf("orders", 1))).rejects.toMatchObject({ code: "INTERNAL" });
    await backend.remove(table, callOf("orders", 1));
  });
});
