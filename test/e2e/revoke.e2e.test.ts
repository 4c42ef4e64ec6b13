import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import type { Control } from "../../sdk/typescript/control.ts";
import { type FlakyNetwork, flakyNetwork } from "../eventstore/flaky-network.ts";
import { rawClient } from "../proxy/raw-client.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { member, orderApi, queueRequest } from "./request.ts";

// A whole proof is 200 schedules with five proxies: `npm run soak`.
const soaking = process.env["PRISM_SOAK_SECONDS"] !== undefined;
const seed = Number(process.env["PRISM_SEED"] ?? Date.now() % 1_000_000);
const schedules = Number(process.env["PRISM_SCHEDULES"] ?? (soaking ? 200 : 2));
const fleetSize = soaking ? 5 : 3;
const leaseMs = 2_000;
// The rest of the bound: two seconds between the clocks, and what a busy machine takes for everything else.
const marginMs = 2_000 + 30_000;
/** No stale limit: a lease that has run out is the end. */
const pci = { compliance: "pci", pii_handling: "enabled", audit_logging: "enabled" };

type Member = { readonly proxy: RunningProxy; readonly network: FlakyNetwork };

let prism: TestPrism;
let proxies: ReturnType<typeof moreProxies>;
let alice: Control;
let token: string;
const fleet: Member[] = [];

beforeAll(async () => {
  prism = await testPrism({
    names: ["api", "worker"],
    environment: { PRISM_LEASE_MS: String(leaseMs), PRISM_PROXY_PATIENCE_MS: "500" },
  });
  proxies = moreProxies(prism);
  alice = await prism.control(member);
  token = await prism.token({ ...orderApi, ttlSeconds: 36_000 });
  for (let at = 0; at < fleetSize; at++) {
    const network = await flakyNetwork(`http://${prism.environment["PRISM_CONTROL_ADDRESS"]}`);
    const proxy = await proxies.start(`revoke-${at}`, {
      PRISM_CONTROL_ADDRESS: new URL(network.url).host,
      // Each has a clock of its own, minutes away from the others'.
      NODE_OPTIONS: skewed((at - 1) * 90_000),
    });
    fleet.push({ proxy, network });
  }
}, 300_000);
afterAll(async () => {
  for (const { proxy } of fleet) proxy.process.kill("SIGCONT");
  await proxies?.close();
  await Promise.all(fleet.map(({ network }) => network.close()));
  await prism?.close();
});

// Also after a schedule that has failed: the next one begins with all of them.
afterEach(() => {
  for (const { proxy, network } of fleet) {
    proxy.process.kill("SIGCONT");
    network.heal();
  }
});

describe("a revoke that is reported", () => {
  const random = randomOf(seed);
  const drawn = Array.from({ length: schedules }, (_, index) => ({
    index,
    what: random() < 0.6 ? ("access" as const) : ("delete" as const),
    cut: index % 2 === 0 ? ("stopped" as const) : ("cut off from the control plane" as const),
    victim: Math.floor(random() * fleetSize),
    afterMs: Math.floor(random() * 1_500),
  }));

  it.each(drawn)(
    `${seed}/$index: $what, while proxy $victim is $cut: nothing is accepted from then on`,
    async (drawing) => {
      const { index, what, cut, victim, afterMs } = drawing;
      const name = prism.name(`revoke-${index}`);
      const request = { ...queueRequest(name), policies: pci };
      expect((await alice.namespaces.create(request, { waitSeconds: 60 })).status).toBe("active");
      // Whoever was cut off before is back.
      await until(
        async () => (await alice.namespaces.endpoints(name)).endpoints.length === fleetSize,
        60_000,
      );
      const accepted: number[] = [];
      let trying = true;
      const callers = fleet.map(({ proxy }) => call(proxy, name, () => trying, accepted));
      await until(() => accepted.length > 10, 60_000);

      const { proxy, network } = fleet[victim] ?? expect.fail();
      const cutAt = Date.now();
      if (cut === "stopped") proxy.process.kill("SIGSTOP");
      else network.sever();
      await pause(afterMs);
      const { operation } = await (what === "delete"
        ? alice.namespaces.delete(name, { confirm: name })
        : alice.namespaces.update(name, { access: { consumers: [] } }));
      const id = operation?.id ?? "";
      const reported = async () => (await revokedAt(name, id)) !== undefined;
      await until(reported, 120_000);
      const reportedAt = (await revokedAt(name, id)) ?? expect.fail();
      if (cut === "stopped") proxy.process.kill("SIGCONT");
      await pause(1_000);
      trying = false;
      await Promise.all(callers);

      expect(accepted.filter((sentAt) => sentAt > reportedAt)).toEqual([]);
      expect(reportedAt - cutAt).toBeLessThan(afterMs + leaseMs + marginMs);
      // Who it waited for is said: in the operation, and so in its history.
      const { items } = await alice.namespaces.history(name);
      const said = items.filter(({ type }) => type === "StepFailed").map(({ data }) => JSON.stringify(data));
      expect(said.some((each) => each.includes(`waiting for ${proxy.id}`))).toBe(true);
      await until(async () => (await alice.operations.get(id)).ended_at !== null, 120_000);
    },
    300_000,
  );
});

/** When the change was said to hold everywhere; of a delete, that nothing is taken any more. */
async function revokedAt(name: string, operation: string): Promise<number | undefined> {
  const { items } = await alice.namespaces.history(name);
  const event = items.findLast(
    ({ type, operation_id }) =>
      operation_id === operation && (type === "TrafficStopped" || type === "ProxiesRegistered"),
  );
  return event === undefined ? undefined : Date.parse(event.recorded_at);
}

/** Publishes again and again, and notes when it asked for what was accepted. */
async function call(
  proxy: RunningProxy,
  namespace: string,
  going: () => boolean,
  accepted: number[],
): Promise<void> {
  const client = rawClient(proxy.address, { authorization: `Bearer ${token}`, "prism-namespace": namespace });
  const one = async () => {
    const sentAt = Date.now();
    const answered = client.unary(QueueService.method.publish, { topic: "t", payload: new Uint8Array([1]) });
    const ended = answered.then(
      () => void accepted.push(sentAt),
      () => pause(50),
    );
    // One that is stopped answers when it wakes up: what was sent to it meanwhile counts too.
    await Promise.race([ended, pause(200)]);
  };
  while (going()) {
    await one();
    await pause(20);
  }
  client.close();
}

const skewed = (ms: number): string =>
  `--import=data:text/javascript,${encodeURIComponent(`const now=Date.now;Date.now=()=>now()+${ms}`)}`;

/** Mulberry32: the same seed, the same schedules. */
function randomOf(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
