import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Message, SubscribeRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { temporaryInstance } from "../../stack/instance.ts";
import type { ServerName } from "../../stack/server.ts";
import { stackUp } from "../../stack/stack.ts";
import { stackDown } from "../../stack/stack-down.ts";
import { readState } from "../../stack/state.ts";
import { judge } from "../proxy/history.ts";
import { rawClient, refusalOf } from "../proxy/raw-client.ts";
import { witness } from "../proxy/witness.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { ownEnvironment } from "../stack/own-environment.ts";
import { member, queueRequest } from "./request.ts";

// With the stale limit that namespaces have: `npm run soak`.
const soaking = process.env["PRISM_SOAK_SECONDS"] !== undefined;
const windowMs = soaking ? 30_000 : 2_500;
// So few that a machine with much else to do serves them, too.
const restMs = 100;
// Processes and servers come back here, on a machine that may be busy.
const patienceMs = 110_000;
const sound = { lost: [], doubled: [], disordered: [], invented: [], misplaced: [] };

/** On servers of its own: others' tests must not lose theirs. */
const environment = ownEnvironment();
const instance = temporaryInstance();
const control: readonly ServerName[] = ["temporal", "postgres-control"];
const wanted: readonly ServerName[] = [...control, "postgres-data", "kafka"];
const up = () => stackUp({ environment, instance, wanted, needed: wanted });

let prism: TestPrism;
let proxies: ReturnType<typeof moreProxies>;
let token: string;
let staleSeconds = 15 * 60;
const limit = () => ({ PRISM_STALE_LIMIT_SECONDS: String(staleSeconds) });

const own = ["api", "worker"] as const;
const startOwn = () => Promise.all(own.map((name) => prism.processes.start(name, limit())));

beforeAll(async () => {
  const begunAt = performance.now();
  const servers = { ...environment, ...(await up()).environment };
  const upAt = performance.now();
  // A machine that is slow to start these is slow to start a proxy, and a group, within the limit.
  if (!soaking) staleSeconds = Math.max(14, Math.ceil((upAt - begunAt) / 500));
  prism = await testPrism({ servers, names: [...own], environment: limit() });
  // Four times as long as Prism's own took; one of them is started again within it.
  const needed = Math.ceil((performance.now() - upAt) / 250);
  if (needed > staleSeconds) {
    staleSeconds = needed;
    await startOwn();
  }
  proxies = moreProxies(prism);
  token = await prism.token({ ...member, ttlSeconds: 7_200 });
});
afterAll(async () => {
  await proxies?.close();
  // Its databases may be gone with their server, and go with it now.
  await prism?.close().catch(() => {});
  await stackDown({ instance, environment, purge: true });
});

/** What control plane there is, all at once and without a word. */
async function controlPlaneDies(): Promise<void> {
  for (const server of control)
    process.kill(readState(instance).servers[server]?.process?.pid ?? 0, "SIGKILL");
  await Promise.all(own.map((name) => prism.processes.stop(name, "SIGKILL")));
}

async function controlPlaneReturns(): Promise<void> {
  await up();
  await startOwn();
}

const raw = (proxy: RunningProxy, namespace: string) =>
  rawClient(proxy.address, { authorization: `Bearer ${token}`, "prism-namespace": namespace });

/** Why a publish is refused here, and why a consumer; `served` where it is not. */
async function answers(proxy: RunningProxy, namespace: string): Promise<readonly string[]> {
  const client = raw(proxy, namespace);
  const published = client.unary(QueueService.method.publish, { topic: "asked", payload: new Uint8Array(1) });
  const write = await published.then(
    () => "served",
    (error) => refusalOf(error).reason,
  );
  const read = await new Promise<string>((resolve) => {
    const opening = create(SubscribeRequestSchema, { topic: "asked", group: "asking" });
    const call = client.subscribe<Message>(QueueService.method.subscribe, opening);
    call.on("error", (error) => resolve(refusalOf(error as never).reason));
    call.on("data", () => {});
    setTimeout(resolve, 3_000, "served");
  });
  client.close();
  return [write, read];
}

/** One namespace at one proxy, under its own load. */
async function witnessed(namespace: string, proxy: () => RunningProxy) {
  const team = await prism.control(member);
  const created = await team.namespaces.create(queueRequest(namespace), { waitSeconds: 60 });
  expect(created.status).toBe("active");
  const seen = witness({ namespace, token, addresses: () => [proxy().address], restMs });
  await until(() => seen.confirmed() > 50, patienceMs);
  return seen;
}

/** What is acknowledged and consumed a second, from now on. */
function counting(seen: ReturnType<typeof witness>) {
  const [published, consumed, at] = [seen.published(), seen.confirmed(), performance.now()];
  return () => {
    const seconds = (performance.now() - at) / 1_000;
    return {
      published: (seen.published() - published) / seconds,
      consumed: (seen.confirmed() - consumed) / seconds,
    };
  };
}

type Pace = ReturnType<ReturnType<typeof counting>>;
/** As before, but for what else the machine had to do; in the short windows of `npm test`, that both go on. */
function isServed(now: Pace, before: Pace): boolean {
  const part = soaking ? 0.5 : 0;
  return now.published > before.published * part && now.consumed > before.consumed * part;
}

it(
  "without control plane, Temporal and event store proxies serve for the stale limit, refuse, and recover by themselves",
  async () => {
    let [one, two] = await Promise.all([proxies.start("one"), proxies.start("two")]);
    const [steadyName, restartedName] = [prism.name("steady"), prism.name("restarted")];
    const steady = await witnessed(steadyName, () => one);
    const restarted = await witnessed(restartedName, () => two);
    const quiet = counting(steady);
    await pause(windowMs);
    const before = quiet();

    await controlPlaneDies();
    const diedAt = performance.now();
    const away = counting(steady);

    // It finds nobody to ask, and has its own copy of what it serves.
    const [, port = ""] = two.address.split(":");
    await two.kill("SIGKILL");
    two = await proxies.start("two", { PRISM_PROXY_PORT: port });
    expect((await fetch(`http://${two.operator}/readyz`)).status).toBe(200);
    const known = restarted.published();
    restarted.join("newcomer");
    await until(() => restarted.published() > known + 20 && restarted.confirmed("newcomer") > 20);

    // Served to the end of the limit, which begins where the lease ends.
    const staleMs = staleSeconds * 1_000;
    while (performance.now() - diedAt < staleMs - 2 * windowMs) {
      const window = counting(steady);
      await pause(windowMs);
      // A machine that stood still meanwhile goes on; proxies that refuse do not, and the limit is near.
      await until(() => isServed(window(), before), soaking ? 0 : staleMs / 2);
    }
    await until(() => performance.now() - diedAt > staleMs - 2_000, staleMs);
    const last = steady.published();
    await until(() => performance.now() - diedAt > staleMs);
    expect(isServed(away(), before)).toBe(true);
    const refused = ["NAMESPACE_NOT_READY", "NAMESPACE_NOT_READY"];
    for (const [proxy, name] of [
      [one, steadyName],
      [two, restartedName],
    ] as const) {
      await expect.poll(() => answers(proxy, name), { timeout: patienceMs, interval: 200 }).toEqual(refused);
    }
    expect(steady.published()).toBeGreaterThan(last);
    const taken = () => [
      ...[steady.published(), restarted.published()],
      ...[steady.confirmed(), restarted.confirmed()],
    ];
    // What was taken before may be answered yet; then nothing is any more.
    await until(async () => {
      const known = taken();
      await pause(1_000);
      return isDeepStrictEqual(taken(), known);
    });

    await controlPlaneReturns();
    for (const seen of [steady, restarted]) {
      const stood = seen.published();
      await until(() => seen.published() > stood + 50, patienceMs);
    }
    const after = await (await prism.control(member)).namespaces.create(queueRequest(prism.name("after")), {
      waitSeconds: 60,
    });
    expect(after.status).toBe("active");
    for (const seen of [steady, restarted]) {
      await seen.settle(patienceMs);
      const groups = seen === restarted ? [seen.group, "newcomer"] : [seen.group];
      expect(judge(seen.history, groups, seen.attempted)).toEqual(sound);
    }
  },
  soaking ? 1_800_000 : 300_000,
);
