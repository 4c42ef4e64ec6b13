import { Resolver } from "node:dns/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import type { Control } from "../../sdk/typescript/control.ts";
import { freePort } from "../../stack/ports.ts";
import { type Refusal, rawClient, refusalOf } from "../proxy/raw-client.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until as soon } from "../setup/until.ts";
import { keyedLoad } from "./keyed-load.ts";
import { member, platform as platformMember, queueRequest } from "./request.ts";
import { runPrism } from "./run-prism.ts";

const soaking = process.env["PRISM_SOAK_SECONDS"] !== undefined;
const perSecond = soaking ? 1_000 : 100;

// Processes start and stop here, on a machine that may be busy.
const until = (isSo: Parameters<typeof soon>[0]) => soon(isSo, 110_000);

let prism: TestPrism;
let proxies: ReturnType<typeof moreProxies>;
let platform: Control;
let team: Control;
let one: RunningProxy;
let two: RunningProxy;
const resolver = new Resolver({ timeout: 2_000 });
beforeAll(async () => {
  const port = await freePort();
  // A machine that is busy must not look like a proxy that died: nobody waits for a lease to run out here.
  const lease = { PRISM_LEASE_MS: "10000" };
  const environment = { PRISM_DNS_PORT: String(port), PRISM_DNS_DOMAIN: "example.com", ...lease };
  prism = await testPrism({ names: ["api", "worker"], environment });
  resolver.setServers([`127.0.0.1:${port}`]);
  proxies = moreProxies(prism);
  platform = await prism.control(platformMember);
  team = await prism.control(member);
  [one, two] = await Promise.all([proxies.start("one"), proxies.start("two")]);
});
afterAll(async () => {
  await proxies?.close();
  await prism?.close();
});

const needs = { durability: "strong", ordered: true, write_rps: 3_000, read_rps: 10_000 };
const portOf = ({ address }: RunningProxy): number => Number(address.split(":")[1]);
const named = async (): Promise<readonly number[]> =>
  (await resolver.resolveSrv("prism.example.com").catch(() => [])).map(({ port }) => port).sort();
/** As a program would that knows one proxy alone, and does not ask twice. Answers how it was refused, if it was. */
const publishAt = async ({ address }: RunningProxy, namespace: string): Promise<Refusal | undefined> => {
  const authorization = `Bearer ${await prism.token(member)}`;
  const raw = rawClient(address, { authorization, "prism-namespace": namespace });
  try {
    await raw.unary(QueueService.method.publish, { topic: "other", payload: new Uint8Array([1]) });
    return undefined;
  } catch (error) {
    return refusalOf(error as ServiceError);
  } finally {
    raw.close();
  }
};
const stateOf = async (proxy: string) =>
  (await platform.proxies.list()).items.find((each) => each.proxy === proxy);
const prismSays = async (...args: string[]) =>
  runPrism(prism.api, await prism.token(platformMember), [...args, "-o", "json"]);

it("a proxy is drained under load and taken into use again, and no client notices", async () => {
  const name = prism.name("drained");
  const servedAt = async () =>
    (await team.namespaces.endpoints(name)).endpoints.map(({ address }) => address);
  await until(async () => (await named()).length === 2);
  await team.namespaces.create(queueRequest(name, { needs }), { waitSeconds: 60 });
  const client = await prism.client(name, member);
  const load = await keyedLoad(client, { topic: "t", keys: 8, perSecond });
  await pause(500);
  // Each in turn, so that also the one that led the relay goes.
  for (const [leaving, staying] of [
    [one, two],
    [two, one],
  ] as const) {
    const { code, stdout } = await prismSays("proxy", "drain", leaving.id, "--wait-seconds", "100");
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { state: "drained", under_way: 0 }]);
    expect(await servedAt()).toEqual([staying.address]);
    await until(async () => (await named()).join() === String(portOf(staying)));
    await expect(platform.proxies.drain(staying.id)).rejects.toThrow("only proxy");
    // Nobody who asks it by name is served, and none is led to believe that it failed.
    expect(await publishAt(leaving, name)).toMatchObject({
      status: "UNAVAILABLE",
      reason: "NAMESPACE_NOT_READY",
    });
    await pause(500);
    expect((await platform.proxies.resume(leaving.id)).state).toBe("live");
    expect([...(await servedAt())].sort()).toEqual([one.address, two.address].sort());
    await until(async () => (await publishAt(leaving, name)) === undefined);
  }
  const { published, failures, seen } = await load.end();
  expect(failures).toEqual([]);
  expect(published).toBeGreaterThan(perSecond);
  expect(seen).toEqual({ missing: 0, disordered: [] });
  client.close();
}, 300_000);

it("one that is drained stays so over a restart, and is none that a create waits for", async () => {
  await platform.proxies.drain("one");
  await one.kill("SIGTERM");
  one = await proxies.start("one");
  await until(async () => (await stateOf("one"))?.state === "drained");
  const name = prism.name("beside");
  const { status } = await team.namespaces.create(queueRequest(name), { waitSeconds: 60 });
  expect(status).toBe("active");
  expect((await team.namespaces.endpoints(name)).endpoints.map(({ address }) => address)).toEqual([
    two.address,
  ]);
  await platform.proxies.resume("one");
  await until(async () => (await team.namespaces.endpoints(name)).endpoints.length === 2);
  const { items } = await platform.audit({ actor: "user:root" });
  expect(items.map(({ action }) => action)).toEqual(expect.arrayContaining(["drain proxy", "resume proxy"]));
});

it("of two that are drained at once, one goes on serving", async () => {
  const asked = await Promise.allSettled(["one", "two"].map((id) => platform.proxies.drain(id)));
  expect(asked.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  for (const id of ["one", "two"]) await platform.proxies.resume(id);
});

it("is the platform's to say, of a proxy that there is", async () => {
  await expect(team.proxies.drain("one")).rejects.toMatchObject({ code: "FORBIDDEN" });
  await expect(platform.proxies.drain("nobody")).rejects.toMatchObject({ code: "NOT_FOUND" });
});
