import pg from "pg";
import { describe, expect, it } from "vitest";
import { logins } from "../../backends/logins.ts";
import { postgres } from "../../backends/postgres.ts";
import { ownDatabases } from "../setup/databases.ts";
import { testPool } from "../setup/test-pool.ts";
import { callOf as call } from "./call-of.ts";
import { freshName } from "./contract.ts";
import { tableOf } from "./table-of.ts";

describe("where Prism itself is no superuser", () => {
  it("makes the login all the same, says what that can see, and removes it", async () => {
    const [role, password] = [freshName("plain_"), "of-this-test"];
    const admin = testPool({ connectionString: process.env["PRISM_DATA_URL"], max: 1 });
    await admin.query(`create role ${role} login createrole password '${password}'`);
    const own = await ownDatabases(process.env, freshName("plain_"));
    const address = new URL(own.urls["PRISM_DATA_URL"] ?? "");
    const owner = new pg.Client({ connectionString: address.href });
    await owner.connect();
    await owner.query(`grant create on schema public to ${role}`);
    await owner.end();
    Object.assign(address, { username: role, password });
    const plain = postgres({
      pool: testPool({ connectionString: address.href, max: 2 }),
      logins: logins("a secret of this test"),
      deadlineMs: 8_000,
    });
    const namespace = freshName("seen");
    const resource = tableOf(namespace);
    const made = await plain.ensure(resource, call(namespace, 1));
    expect(made.login).toMatchObject({
      user: `prism_${namespace}_1`,
      seeing: expect.stringContaining("row counts"),
    });
    expect(await plain.observe(resource, call(namespace, 1))).toMatchObject({ state: "ready" });
    expect(await plain.remove(resource, call(namespace, 1))).toEqual({ removed: true });
    const left = await admin.query("select 1 from pg_roles where rolname = $1", [`prism_${namespace}_1`]);
    expect(left.rowCount).toBe(0);
    await plain.close();
    await own.drop();
    await admin.query(`drop role ${role}`);
    await admin.end();
  });
});
