import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, it } from "vitest";
import { postgresPool } from "../../eventstore/postgres/pool.ts";
import { watch } from "../../eventstore/postgres/watch.ts";
import { until } from "../setup/until.ts";
import { type Database, database } from "./database.ts";
import { type FlakyNetwork, flakyNetwork } from "./flaky-network.ts";

let own: Database;
let network: FlakyNetwork;
beforeAll(async () => {
  own = await database();
  network = await flakyNetwork(own.url);
});
afterAll(async () => {
  await network.close();
  await own.drop();
});

describe("a watch whose server was away for seconds", () => {
  it("listens again over one connection, which ends with it", async () => {
    const pool = postgresPool(network.url, { name: "prism-watch", connections: 2 });
    const watching = watch({
      ...{ pool, channel: "changes", listen: true, pollMs: 100 },
      read: async () => (await pool.query<{ n: number }>("select 1 as n")).rows[0]?.n ?? 0,
    });
    const gone = new AbortController();
    const waiting = watching.until((n) => n > 1, gone.signal);
    const listeners = async (): Promise<number> => {
      const text = `select count(*)::int as n from pg_stat_activity
        where application_name = 'prism-watch' and query = 'listen changes'`;
      return (await own.pool.query<{ n: number }>(text)).rows[0]?.n ?? 0;
    };
    await until(async () => (await listeners()) === 1);
    await network.cut(5_000);
    await until(async () => (await listeners()) > 0);
    // Whoever else comes back does so within the pause between two attempts.
    await pause(2_500);
    // The server may not have heard yet of one that was cut off.
    await until(async () => (await listeners()) === 1);
    gone.abort();
    await waiting;
    watching.close();
    await until(async () => (await listeners()) === 0);
    await pool.end();
  }, 60_000);
});
