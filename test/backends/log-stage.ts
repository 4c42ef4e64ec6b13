import { v7 } from "uuid";
import { afterAll, beforeAll } from "vitest";
import { postgresLog } from "../../backends/write-ahead-log/postgres-log.ts";
import type { WriteAheadLog } from "../../backends/write-ahead-log/write-ahead-log.ts";
import { postgresTable } from "../../domain/selection/names.ts";
import { type DataDatabase, dataDatabase } from "../setup/data-database.ts";

/** Logs in a database of the test file's own, which is there from its first test to its last. */
export function logStage() {
  let database: DataDatabase;
  beforeAll(async () => {
    database = await dataDatabase(process.env);
  });
  afterAll(() => database?.drop());

  const openLog = (namespace: string, incarnation = 1, pool = database.pool): WriteAheadLog =>
    postgresLog({
      pool,
      namespace,
      incarnation,
      table: postgresTable("wal", namespace),
      replay: postgresTable("replay", namespace),
      durable: true,
    });

  return {
    get database() {
      return database;
    },
    openLog,
    async logOf(namespace: string, incarnation = 1): Promise<WriteAheadLog> {
      await database.provision(namespace, incarnation);
      const log = openLog(namespace, incarnation);
      await log.prepare();
      return log;
    },
    sql: (text: string, values: unknown[] = []) => database.pool.query(text, values),
  };
}

export const entry = (text = "x", id = v7(), once = false) => ({
  id,
  topic: "t",
  key: Buffer.from("k"),
  payload: Buffer.from(text),
  metadata: Buffer.from("{}"),
  once,
});

export const all = { entries: 1_000, bytes: 1_000_000 };
