import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { bringUp } from "../../stack/bring-up.ts";
import { makeFolder, temporaryInstance } from "../../stack/instance.ts";
import { type Lookup, machine } from "../../stack/lookup.ts";
import { plan } from "../../stack/seat.ts";
import { servers } from "../../stack/servers.ts";
import { stackDown } from "../../stack/stack-down.ts";
import { ownEnvironment } from "./own-environment.ts";

describe("a machine without PostgreSQL", () => {
  const instance = temporaryInstance();
  const environment = ownEnvironment();
  afterAll(() => stackDown({ instance, environment, purge: true }));

  it("gets the one that came with npm, with both databases and a log that can be decoded", async () => {
    makeFolder(instance);
    const lookup: Lookup = {
      ...machine(environment),
      which: async () => undefined,
      folders: async () => [],
    };
    const server = servers["postgres-data"];
    const planned = await plan(server, { instance, environment, record: undefined });
    const { record } = await bringUp(server, planned, {
      instance,
      lookup,
      docker: async () => false,
      compose: {},
      owner: undefined,
      idly: false,
      say: () => undefined,
      signal: new AbortController().signal,
    });
    expect(record.source).toBe("registry");
    for (const [variable, database] of [
      ["PRISM_DATA_URL", "prism_data"],
      ["PRISM_TENANT_URL", "prism_tenants"],
    ] as const) {
      const client = new pg.Client({ connectionString: record.environment[variable] });
      await client.connect();
      const sql =
        "select current_database() as database, current_setting('wal_level') as wal, current_setting('fsync') as fsync";
      expect((await client.query(sql)).rows).toEqual([{ database, wal: "logical", fsync: "on" }]);
      await client.end();
    }
  });
});
