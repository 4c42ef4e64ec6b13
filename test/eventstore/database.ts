import { randomBytes } from "node:crypto";
import { Client, type Pool } from "pg";
import { postgresPool } from "../../eventstore/postgres/pool.ts";

export type Database = {
  readonly url: string;
  /** A database of its own beside this one, on the same server. */
  readonly beside: () => Promise<Database>;
  readonly pool: Pool;
  readonly drop: () => Promise<void>;
};

/** An empty database on the control server, gone after `drop`, whoever is still connected. */
export async function database(): Promise<Database> {
  const server = process.env["PRISM_CONTROL_URL"];
  if (server === undefined)
    throw new Error("PRISM_CONTROL_URL is not set: the event store's tests need a Postgres");
  const name = `prism_test_${randomBytes(6).toString("hex")}`;
  await asAdministrator(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const pool = postgresPool(url.href, { name: "prism-test" });
  return {
    url: url.href,
    pool,
    beside: database,
    async drop() {
      await pool.end();
      await asAdministrator(server, `drop database if exists ${name} with (force)`);
    },
  };
}

async function asAdministrator(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
