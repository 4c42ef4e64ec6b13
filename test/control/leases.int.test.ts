import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { leases, migrateControl, type Renewal } from "../../control/leases.ts";
import { type OwnDatabases, ownDatabases } from "../setup/databases.ts";
import { testPool } from "../setup/test-pool.ts";

let databases: OwnDatabases;
let pool: Pool;
beforeAll(async () => {
  databases = await ownDatabases(inject("environment"), `leases_${process.pid}`);
  pool = testPool({ connectionString: databases.urls["PRISM_CONTROL_URL"] });
  await migrateControl(pool);
});
afterAll(async () => {
  await pool?.end();
  await databases?.drop();
});

const renewal = (proxy: string, leaseMs: number): Renewal => ({
  proxy,
  shard: "shard-1",
  address: "127.0.0.1:1",
  probeAddress: "127.0.0.1:2",
  region: "local",
  appliedVersion: 7n,
  load: 3,
  healthy: true,
  refused: { newer: "not built" },
  inFlight: { leaving: 2 },
  underWay: null,
  leaseMs,
});
const live = async () => (await leases(pool).live("shard-1")).map(({ proxy }) => proxy);
/** It is heard for the last time, and says goodbye. */
const leaves = async (last: Renewal): Promise<void> => {
  const { renewal } = await leases(pool).renew(last);
  await leases(pool).release(last.proxy, renewal);
};
/** It is as if so much time had passed. */
const passes = (ms: number) =>
  pool.query(
    `update control.proxies set lease_until = lease_until - $1 * interval '1 ms', renewed_at = renewed_at - $1 * interval '1 ms'`,
    [ms],
  );

describe("leases", () => {
  it("say all that a proxy has said of itself", async () => {
    await leases(pool).renew(renewal("whole", 60_000));
    const { leaseMs: _, ...said } = renewal("whole", 0);
    expect((await leases(pool).live())[0]).toMatchObject(said);
    await leaves(renewal("whole", 60_000));
    expect(await live()).toEqual([]);
  });

  it("are not given back by a goodbye that is heard when the proxy has begun again", async () => {
    const before = await leases(pool).renew(renewal("again", 60_000));
    const now = await leases(pool).renew(renewal("again", 60_000));
    await leases(pool).release("again", before.renewal);
    expect(await live()).toEqual(["again"]);
    await leases(pool).release("again", now.renewal);
    expect(await live()).toEqual([]);
  });

  it("tell of each renewal whether the proxy was waited for until then", async () => {
    const renew = (ms: number) => leases(pool).renew(renewal("back-again", ms));
    expect(await renew(60_000)).toMatchObject({ counted: false });
    expect(await renew(50)).toMatchObject({ counted: true });
    await passes(50);
    expect(await renew(60_000)).toMatchObject({ counted: false });
    await leaves(renewal("back-again", 60_000));
    expect(await renew(1)).toMatchObject({ counted: false });
  });

  it("that have run out are waited for until the stale limit is over too, and say for how long", async () => {
    const waitedFor = (staleMs: number) => leases(pool).mayServe("stale", staleMs);
    const began = performance.now();
    await leases(pool).renew({ ...renewal("silent", 1), shard: "stale" });
    await leaves({ ...renewal("gone", 1), shard: "stale" });
    await passes(1);
    expect(await leases(pool).live("stale")).toEqual([]);
    const silent = await waitedFor(60_000);
    expect(silent.map(({ proxy }) => proxy)).toEqual(["silent"]);
    // Two seconds more, less what has passed here.
    const [forMs = 0, sinceMs] = [silent[0]?.forMs, performance.now() - began];
    expect(forMs).toBeLessThan(62_000);
    expect(forMs).toBeGreaterThan(62_000 - sinceMs - 10);
    await passes(2_000);
    expect(await waitedFor(0)).toEqual([]);
    expect(await waitedFor(60_000)).toHaveLength(1);
  });

  it("are not over because the control plane was away: they run for a period more", async () => {
    await leases(pool).renew(renewal("long-dead", 1));
    await passes(1);
    await leases(pool).renew(renewal("alive", 60_000));
    await leaves(renewal("left", 60_000));
    // From here on there is no control plane, for longer than a lease.
    await passes(100_000);
    expect(await live()).toEqual([]);
    await leases(pool).resume(60_000);
    expect(await live()).toEqual(["alive"]);
    await passes(60_000);
    expect(await live()).toEqual([]);
  });

  it("say of two proxies that are drained at once that one is the last of its shard", async () => {
    for (let round = 0; round < 20; round++) {
      const shard = `pair-${round}`;
      const both = [`left-${round}`, `right-${round}`];
      for (const proxy of both) await leases(pool).renew({ ...renewal(proxy, 60_000), shard });
      const outcomes = await Promise.all(both.map((proxy) => leases(pool).drain(proxy, true)));
      expect(outcomes.sort()).toEqual(["changed", "last"]);
    }
  });

  it("count nobody who is silent or drained among those that serve beside a proxy", async () => {
    const of = (proxy: string, ms: number) => leases(pool).renew({ ...renewal(proxy, ms), shard: "few" });
    await of("mute", 1);
    await passes(1);
    await of("only", 60_000);
    expect(await leases(pool).drain("only", true)).toBe("last");
    await of("second", 60_000);
    expect(await leases(pool).drain("only", true)).toBe("changed");
    expect(await leases(pool).drain("only", true)).toBe("same");
    expect(await leases(pool).drain("second", true)).toBe("last");
    expect(await leases(pool).drain("only", false)).toBe("changed");
  });

  it("are not ended by somebody's word while they run", async () => {
    await leases(pool).renew(renewal("believed-dead", 1));
    await passes(1);
    await leases(pool).renew(renewal("believed-dead", 60_000));
    expect([await leases(pool).evict("believed-dead"), await live()]).toEqual([false, ["believed-dead"]]);
    await leases(pool).renew(renewal("believed-dead", 1));
    await passes(1);
    expect([await leases(pool).evict("believed-dead"), await live()]).toEqual([true, []]);
  });
});
