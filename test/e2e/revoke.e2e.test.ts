import { availableParallelism, loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { Pool } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Control } from "../../sdk/typescript/control.ts";
import { type FlakyNetwork, flakyNetwork } from "../eventstore/flaky-network.ts";
import { figures, soaking, spread } from "../eventstore/soaking.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { oneOf, randomOf } from "../setup/random.ts";
import { testPool } from "../setup/test-pool.ts";
import { until } from "../setup/until.ts";
import { member, orderApi, queueRequest } from "./request.ts";
import { calling, reportedAt, shortStale, shortStaleMs, skewed } from "./revoking.ts";

// A whole proof is 200 schedules with five proxies: `npm run soak`.
const seed = Number(process.env["PRISM_SEED"] ?? Date.now() % 1_000_000);
const schedules = Number(process.env["PRISM_SCHEDULES"] ?? (soaking ? 200 : 2));
const fleetSize = Number(process.env["PRISM_PROXIES"] ?? (soaking ? 5 : 3));
const leaseMs = 2_000;
/** How long an attempt waits before it says for whom. */
const patienceMs = 500;
/** What lies between the clock that measures from sending and the one that measures from answering. */
const marginMs = 2_000;
/** No stale limit: a lease that has run out is the end. */
const pci = { compliance: "pci", pii_handling: "enabled", audit_logging: "enabled" };

type Member = { proxy: RunningProxy; readonly network: FlakyNetwork; start(): Promise<RunningProxy> };

let prism: TestPrism;
let proxies: ReturnType<typeof moreProxies>;
let leases: Pool;
let alice: Control;
let token: string;
const fleet: Member[] = [];
const lateMs: number[] = [];

beforeAll(async () => {
  prism = await testPrism({
    names: ["api", "worker"],
    environment: {
      PRISM_LEASE_MS: String(leaseMs),
      PRISM_PROXY_PATIENCE_MS: String(patienceMs),
      ...shortStale,
    },
  });
  proxies = moreProxies(prism);
  leases = testPool({ connectionString: prism.environment["PRISM_CONTROL_URL"], max: 1 });
  alice = await prism.control({ ...member, ttlSeconds: 36_000 });
  token = await prism.token({ ...orderApi, ttlSeconds: 36_000 });
  for (let at = 0; at < fleetSize; at++) {
    const network = await flakyNetwork(`http://${prism.environment["PRISM_CONTROL_ADDRESS"]}`);
    const start = () =>
      proxies.start(`revoke-${at}`, {
        PRISM_CONTROL_ADDRESS: new URL(network.url).host,
        // Each has a clock of its own, a quarter of an hour away from the next one's.
        NODE_OPTIONS: skewed((at - 2) * 900_000),
      });
    fleet.push({ proxy: await start(), network, start });
  }
}, 300_000);
afterAll(async () => {
  if (lateMs.length > 0) figures(`${seed}: later than the bound by ${spread(lateMs)}`);
  for (const { proxy } of fleet) proxy.process.kill("SIGCONT");
  await proxies?.close();
  await Promise.all(fleet.map(({ network }) => network.close()));
  await leases?.end();
  await prism?.close();
});

// Also after a schedule that has failed: the next one begins with all of them.
afterEach(() => {
  for (const { proxy, network } of fleet) {
    proxy.process.kill("SIGCONT");
    network.heal();
  }
});

const cuts = ["stopped", "cut off from the control plane", "cut off and started again"] as const;

describe("a revoke that is reported", () => {
  const random = randomOf(seed);
  const drawn = Array.from({ length: schedules }, (_, index) => ({
    index,
    what: random() < 0.6 ? ("access" as const) : ("delete" as const),
    cut: index < 2 ? cuts[index as 0 | 1] : oneOf(random, cuts),
    victim: Math.floor(random() * fleetSize),
    afterMs: Math.floor(random() * 1_500),
    staleMs: oneOf(random, [0, shortStaleMs]),
  }));
  const everybody = async (name: string) =>
    (await alice.namespaces.endpoints(name)).endpoints.length === fleetSize;

  it.each(drawn)(
    `PRISM_SEED=${seed}, $index: $what, stale limit $staleMs ms, while proxy $victim is $cut`,
    async ({ index, what, cut, victim, afterMs, staleMs }) => {
      const name = prism.name(`revoke-${index}`);
      const request = { ...queueRequest(name), ...(staleMs === 0 && { policies: pci }) };
      const created = alice.namespaces.create(request, { waitSeconds: 60 });
      await until(async () => (await created).status === "active" && everybody(name), 110_000);
      const calls = calling(
        fleet.map(({ proxy }) => proxy),
        name,
        token,
      );
      const heard = () => new Set(calls.accepted.map(({ proxy }) => proxy)).size;
      await until(() => heard() === fleetSize, 110_000);

      const member = fleet[victim] ?? expect.fail();
      const { id } = member.proxy;
      if (cut === "stopped") member.proxy.process.kill("SIGSTOP");
      else member.network.sever();
      await pause(20);
      const cutAt = Date.now();
      await pause(afterMs);
      const askedAt = Date.now();
      const { operation } = await (what === "delete"
        ? alice.namespaces.delete(name, { confirm: name })
        : alice.namespaces.update(name, { access: { consumers: [] } }));
      const operationId = operation?.id ?? "";
      if (cut === "cut off and started again") {
        await member.proxy.kill("SIGKILL");
        member.proxy = await member.start();
      }
      await until(async () => (await reportedAt(alice, name, operationId)) !== undefined, 110_000);
      const reported = (await reportedAt(alice, name, operationId)) ?? expect.fail();
      const leaseEnd = await leaseUntil(id);
      const again = calling([member.proxy], name, token);
      if (cut === "stopped") member.proxy.process.kill("SIGCONT");
      await pause(500);
      await Promise.all([calls.stop(), again.stop()]);

      // What was sent to one that slept until then can only have been let in when it woke up.
      const asleep = cut === "stopped" ? cutAt : Number.POSITIVE_INFINITY;
      const tooLate = [...calls.accepted, ...again.accepted].filter(
        ({ proxy, sentAt }) => sentAt > reported || (proxy === id && sentAt > asleep),
      );
      expect(tooLate).toEqual([]);
      // By the database's clock, which also says when a lease was given: neither before its end, nor long after.
      const late = reported - (leaseEnd + staleMs + marginMs);
      lateMs.push(late);
      expect(late).toBeGreaterThanOrEqual(-1);
      expect(late).toBeLessThan(ownMs());
      // Who it waited for is said, where that took long: in the operation, and so in its history.
      const { items } = await alice.namespaces.history(name);
      const said = items.filter(({ type }) => type === "StepFailed").map(({ data }) => JSON.stringify(data));
      const waited = reported - askedAt > 2 * patienceMs + ownMs();
      expect(said.some((each) => each.includes(`waiting for ${id}`)) || !waited).toBe(true);
      member.network.heal();
      await until(async () => (await alice.operations.get(operationId)).ended_at !== null, 120_000);
      if (what === "access") await alice.namespaces.delete(name, { confirm: name });
    },
    400_000,
  );
});

/** What it may take to see and to say it: longer where more wants to run than the machine has processors for. */
const ownMs = (): number => 1_000 * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());

/** Until when the lease runs, or ran, that it was last given (ms since 1970). */
async function leaseUntil(proxy: string): Promise<number> {
  const { rows } = await leases.query<{ lease_until: Date }>(
    "select lease_until from control.proxies where proxy = $1",
    [proxy],
  );
  return rows[0]?.lease_until.getTime() ?? expect.fail(`${proxy} has no lease`);
}
