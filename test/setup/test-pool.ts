import { Pool, type PoolConfig } from "pg";

/** Connections of a test's own. Those that are still leaving when their database is dropped are thrown out, which is no failure. */
export function testPool(options: PoolConfig): Pool {
  const pool = new Pool(options);
  pool.on("error", () => {});
  return pool;
}
