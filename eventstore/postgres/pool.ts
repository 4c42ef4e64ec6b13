import { Client, Pool } from "pg";

/**
 * A pool as the event store and the projections want it: nobody waits for a connection or a statement without
 * end, and a connection that dies between two statements, lent or not, fails the next statement, not the process.
 *
 * `connections` at most (default 10); waiting for one takes at most 5 s, a statement at most `statementMs`
 * (default 30 s), and its answer a third of that longer.
 */
export function postgresPool(
  url: string,
  options: { connections?: number; name?: string; statementMs?: number } = {},
): Pool {
  const { statementMs = 30_000 } = options;
  const pool = new Pool({
    connectionString: url,
    max: options.connections ?? 10,
    application_name: options.name ?? "prism-eventstore",
    connectionTimeoutMillis: Math.min(5_000, statementMs),
    statement_timeout: statementMs,
    // For a server that vanished without a word: nobody waits for the network to notice.
    query_timeout: Math.ceil((statementMs * 4) / 3),
    keepAlive: true,
  });
  pool.on("error", () => {});
  // The pool listens to idle connections only; a lent one that dies unheard would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/**
 * A connection outside the pool to the same server, for what lasts: LISTEN and session locks.
 * One that never stood rejects; `lost` is called once when one that stood ends, whoever ended it.
 */
export async function lastingConnection(pool: Pool, lost: () => void): Promise<Client> {
  const client = new Client(pool.options);
  let state: "opening" | "up" | "ended" = "opening";
  const end = () => {
    if (state === "ended") return;
    const stood = state === "up";
    state = "ended";
    client.end().catch(() => {});
    if (stood) lost();
  };
  client.on("error", end);
  client.on("end", end);
  try {
    await client.connect();
    // A peer that vanished without a word is noticed in seconds, not in the two hours of the system's default.
    await client.query(
      "set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3",
    );
    if (hasEnded(state)) throw new Error("the connection ended as it began");
  } catch (error) {
    end();
    throw error;
  }
  state = "up";
  return client;
}

/** Asked of what another callback may have changed, which the compiler does not see. */
const hasEnded = (state: "opening" | "up" | "ended"): boolean => state === "ended";
