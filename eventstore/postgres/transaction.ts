import type { Pool, PoolClient } from "pg";

/**
 * Runs `body` between `begin` and COMMIT on one connection of the pool; whatever it throws rolls back.
 *
 * READ COMMITTED is said, not assumed: each statement must see what was committed while it waited for a lock.
 * A connection that cannot roll back is thrown away, and the server rolls back for it.
 */
export async function transaction<T>(
  pool: Pool,
  body: (client: PoolClient) => Promise<T>,
  begin = "begin isolation level read committed",
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(begin);
    const result = await body(client);
    await client.query("commit");
    client.release();
    return result;
  } catch (error) {
    await client.query("rollback").then(
      () => client.release(),
      () => client.release(true),
    );
    throw error;
  }
}

/** Keys of the advisory locks Prism takes in the control database; one place, so that none is used twice. */
export const advisoryLocks = {
  append: 7_070_001,
  migrate: 7_070_002,
  /** First half of a pair; the second is the projection's own. */
  projection: 7_070_003,
} as const;
