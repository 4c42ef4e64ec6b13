import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, database } from "./database.ts";

let own: Database;
beforeAll(async () => {
  own = await database();
});
afterAll(() => own.drop());

describe("a connection that dies while it is lent", () => {
  it("fails the next statement, and ends no process", async () => {
    const lent = await own.pool.connect();
    const { rows } = await lent.query("select pg_backend_pid() as pid");
    const dead = new Promise<void>((resolve) => lent.once("end", () => resolve()));
    await own.pool.query("select pg_terminate_backend($1)", [rows[0].pid]);
    await dead;

    await expect(lent.query("select 1")).rejects.toThrow();
    lent.release(true);
    expect((await own.pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });
});
