import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ranked } from "../../domain/shard/placement.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until as soon } from "../setup/until.ts";
import { member, platform as platformMember, queueRequest } from "./request.ts";
import { runPrism } from "./run-prism.ts";

// Processes start and stop here, on a machine that may be busy.
const until = (isSo: Parameters<typeof soon>[0]) => soon(isSo, 110_000);

let prism: TestPrism;
let proxies: ReturnType<typeof moreProxies>;
let platform: Control;
let team: Control;
beforeAll(async () => {
  prism = await testPrism({
    names: ["api", "worker"],
    // So soon an operation says for whom it waits.
    environment: { PRISM_PROXY_PATIENCE_MS: "1000" },
  });
  proxies = moreProxies(prism);
  platform = await prism.control(platformMember);
  team = await prism.control(member);
});
afterAll(async () => {
  await proxies?.close();
  await prism?.close();
});

const create = (namespace: string, more: Record<string, unknown> = {}, waitSeconds = 60) =>
  team.namespaces.create(queueRequest(namespace, more), { waitSeconds });
const servedAt = async (namespace: string): Promise<readonly string[]> =>
  (await team.namespaces.endpoints(namespace)).endpoints.map(({ address }) => address);
const keyvalue = { client_api: "keyvalue", needs: { ttl: "15min", write_rps: 60_000, read_rps: 60_000 } };

/** A name that belongs on that shard by the rule. */
function nameFor(shard: string): string {
  const both = [
    { shard: "shard-1", weight: 1 },
    { shard: "second", weight: 1 },
  ];
  for (let at = 0; ; at++) {
    const name = prism.name(`placed-${at}`);
    if (ranked(name, both)[0]?.shard === shard) return name;
  }
}

describe("shards", () => {
  let first: RunningProxy;
  let second: RunningProxy;

  it("are one until another is defined", async () => {
    first = await proxies.start("first");
    const only = { shard: "shard-1", weight: 1, dedicated: false, state: "open", holder: null };
    await expect
      .poll(async () => (await platform.shards.list()).items)
      .toEqual([{ ...only, proxies: ["first"] }]);
    expect(await platform.shards.define("second")).toMatchObject({ shard: "second", state: "open" });
    second = await proxies.start("second", { PRISM_SHARD: "second" });
  });

  it("each serve the namespaces whose names belong there, and no others", async () => {
    const [here, there] = [nameFor("shard-1"), nameFor("second")];
    await Promise.all([create(here), create(there)]);
    await expect.poll(() => servedAt(here)).toEqual([first.address]);
    await expect.poll(() => servedAt(there)).toEqual([second.address]);
    expect(await team.namespaces.get(there)).toMatchObject({ shard: "second", status: "active" });
  });

  it("take no more namespaces once they are drained, and keep those that they have", async () => {
    const [had, name] = [nameFor("second"), `${nameFor("second")}-later`];
    await platform.shards.drain("second");
    expect(await create(name)).toMatchObject({ shard: "shard-1", status: "active" });
    await expect.poll(() => servedAt(had)).toEqual([second.address]);
  });

  it("of their own are what large namespaces wait for, one each", async () => {
    const [large, larger] = [prism.name("large"), prism.name("larger")];
    const creating = create(large, keyvalue);
    await until(async () => {
      const { items } = await team.operations.list({ namespace: large });
      return JSON.stringify(items).includes("needs a shard of its own");
    });
    await platform.shards.define("own", { dedicated: true });
    await proxies.start("alone", { PRISM_SHARD: "own" });
    expect(await creating).toMatchObject({ shard: "own", status: "active" });
    expect((await platform.shards.list()).items).toContainEqual(
      expect.objectContaining({ shard: "own", dedicated: true, holder: large }),
    );
    const waiting = await create(larger, keyvalue, 2);
    expect(waiting).toMatchObject({ status: "provisioning", shard: null });
    await team.operations.cancel(waiting.operation?.id ?? "");
  });

  it("are the platform's to define, and audited", async () => {
    await expect(team.shards.define("mine")).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(platform.shards.drain("nobody-s")).rejects.toMatchObject({ code: "NOT_FOUND" });
    const { items } = await platform.audit({ actor: "user:root" });
    expect(items.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["define shard", "drain shard"]),
    );
  });
});

/** What REST, the command line and Temporal's own page say of an operation. */
async function tellings(operation: string, namespace: string): Promise<readonly string[]> {
  const { steps } = await team.operations.get(operation);
  const told = await runPrism(prism.api, await prism.token(member), ["operation", "get", operation]);
  const address = prism.environment["PRISM_TEMPORAL_ADDRESS"] ?? "";
  const connection = await Connection.connect({ address });
  const workflow = new Client({ connection }).workflow.getHandle(`namespace/${namespace}`);
  const seen = await workflow.query<{ currentDetails: string }>("__temporal_workflow_metadata");
  await connection.close();
  return [JSON.stringify(steps), told.stdout, seen.currentDetails];
}

describe("a proxy that is dead, and holds up a revoke", () => {
  const revoke = async (name: string) => {
    const access = { owners: [{ team: "payments-team" }], consumers: [{ service: "order-api" }] };
    const { operation } = await team.namespaces.update(name, { access });
    return operation?.id ?? "";
  };

  it("holds it up until somebody says so, and not while it lives", async () => {
    const stuck = await proxies.start("stuck");
    const name = nameFor("shard-1");
    await until(async () => (await servedAt(name)).includes(stuck.address));
    const token = await prism.token(platformMember);
    const proxy = (...words: readonly string[]) => runPrism(prism.api, token, ["proxy", ...words]);
    const early = await proxy("evict", "stuck", "--reason", "I think so");
    expect([early.code, early.stderr]).toEqual([1, expect.stringContaining("lives")]);
    stuck.process.kill("SIGSTOP");
    const operation = await revoke(name);
    const stateOf = async (proxy: string) =>
      (await platform.proxies.list()).items.find((one) => one.proxy === proxy)?.state;
    await until(async () => (await stateOf("stuck")) === "silent");
    expect((await team.operations.get(operation)).state).toBe("running");
    await until(async () =>
      (await tellings(operation, name)).every((text) => text.includes("waiting for stuck")),
    );
    await expect(team.proxies.evict("stuck", "it burns")).rejects.toMatchObject({ code: "FORBIDDEN" });

    expect((await proxy("list")).stdout).toMatch(/stuck +shard-1 .* silent /);
    const evicted = await proxy("evict", "stuck", "--reason", "its machine burns", "-o", "json");
    expect([evicted.code, JSON.parse(evicted.stdout)]).toMatchObject([
      0,
      { proxy: "stuck", state: "evicted" },
    ]);
    await until(async () => (await team.operations.get(operation)).state === "succeeded");
    const { items } = await platform.audit({ actor: "user:root" });
    expect(items.map(({ action }) => action)).toContain("evict proxy");

    // It was not dead after all: it is one of those that are waited for again.
    stuck.process.kill("SIGCONT");
    await until(async () => (await stateOf("stuck")) === "live");
  });
});
