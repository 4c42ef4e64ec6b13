import type { Pool, PoolClient } from "pg";

/** One at a time, over all processes: what `create … if not exists` alone does not promise. */
export async function exclusively<T>(
  pool: Pool,
  what: string,
  body: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  const lock = ["select pg_advisory_lock(hashtextextended($1, 0))", [`prism ${what}`]] as const;
  try {
    await client.query(lock[0], [...lock[1]]);
    const result = await body(client);
    await client.query("select pg_advisory_unlock(hashtextextended($1, 0))", [...lock[1]]);
    client.release();
    return result;
  } catch (error) {
    // With its connection the lock goes too.
    client.release(true);
    throw error;
  }
}
