import { Pool } from "pg";
import { PrismError } from "../../domain/errors.ts";
import { unavailable } from "../ask.ts";

/** The data database, for logs. Nobody waits without end: a statement has ten seconds. */
export function dataPool(url: string, name: string): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: name,
    max: 10,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    query_timeout: 12_000,
    keepAlive: true,
  });
  pool.on("error", () => {});
  // The pool listens to idle connections only; a lent one that dies unheard would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** Rejects where what the server calls committed may be lost by a crash, or where it does not answer. */
export async function checkDurable(pool: Pool): Promise<void> {
  const settings =
    "select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commits";
  const { rows } = await pool.query<{ fsync: string; commits: string }>(settings).catch((cause: unknown) => {
    throw unavailable("Postgres", "say how it keeps data", cause);
  });
  const lax = Object.entries(rows[0] ?? {}).find(([, value]) => value === "off");
  if (lax === undefined) return;
  const name = lax[0] === "fsync" ? "fsync" : "synchronous_commit";
  throw new PrismError(
    "BACKEND_UNAVAILABLE",
    `the data database runs with ${name}=off: nothing there survives a crash`,
  );
}
