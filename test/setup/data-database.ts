import { randomBytes } from "node:crypto";
import { Client, type Pool } from "pg";
import { logins } from "../../backends/logins.ts";
import { postgres } from "../../backends/postgres.ts";
import { postgresTable } from "../../domain/selection/names.ts";
import { dropDatabase } from "./databases.ts";
import { testPool } from "./test-pool.ts";

export type DataDatabase = {
  readonly url: string;
  readonly pool: Pool;
  /** The tables of a namespace with `wal` and `replay-store`, as provisioning makes them. */
  provision(namespace: string, incarnation?: number): Promise<void>;
  drop(): Promise<void>;
};

/** A database of a test's own on the run's data server. */
export async function dataDatabase(given: NodeJS.ProcessEnv): Promise<DataDatabase> {
  const server = given["PRISM_DATA_URL"] ?? "";
  const name = `proxy_${randomBytes(5).toString("hex")}`;
  await administer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const pool = testPool({ connectionString: url.href, max: 5 });
  const backend = postgres({ pool, logins: logins(`a secret of ${name}`), deadlineMs: 10_000 });
  return {
    url: url.href,
    pool,
    async provision(namespace, incarnation = 1) {
      const owner = { namespace, incarnation };
      const call = { owner, claim: { intended: true }, signal: new AbortController().signal };
      for (const kind of ["wal", "replay"] as const) {
        const config = { database: "data" };
        const table = postgresTable(kind, namespace);
        await backend.ensure({ backend: "postgres", kind: `${kind}-table`, name: table, config }, call);
      }
    },
    async drop() {
      await pool.end();
      await dropDatabase(server, name);
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
