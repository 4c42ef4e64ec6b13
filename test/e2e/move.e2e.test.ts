import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Control } from "../../sdk/typescript/control.ts";
import type { Prism } from "../../sdk/typescript/prism.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until as soon } from "../setup/until.ts";
import { keyedLoad } from "./keyed-load.ts";
import { type Cell, cells, failpointOf } from "./kill-matrix.ts";
import { member, platform as platformMember, queueRequest } from "./request.ts";
import { runPrism } from "./run-prism.ts";

const soaking = process.env["PRISM_SOAK_SECONDS"] !== undefined;
const perSecond = soaking ? 500 : 100;
const moves = soaking ? 10 : 2;
/** All cells take longer than a token usually lasts. */
const ttlSeconds = 6 * 3_600;

// Processes start and stop here, on a machine that may be busy.
const until = (isSo: Parameters<typeof soon>[0]) => soon(isSo, 110_000);

let prism: TestPrism;
let proxies: ReturnType<typeof moreProxies>;
let platform: Control;
let team: Control;
const at: Record<string, RunningProxy> = {};
beforeAll(async () => {
  // A machine that is busy must not look like a proxy that died: nobody waits for a lease to run out here.
  prism = await testPrism({ names: ["api", "worker"], environment: { PRISM_LEASE_MS: "10000" } });
  proxies = moreProxies(prism);
  platform = await prism.control({ ...platformMember, ttlSeconds });
  team = await prism.control({ ...member, ttlSeconds });
  at["shard-1"] = await proxies.start("first");
  await platform.shards.define("second", { weight: 0.01 });
  at["second"] = await proxies.start("second", { PRISM_SHARD: "second" });
});
afterAll(async () => {
  await proxies?.close();
  await prism?.close();
});

const needs = { durability: "strong", ordered: true, write_rps: 3_000, read_rps: 10_000 };
const create = async (namespace: string) => {
  const { status } = await team.namespaces.create(queueRequest(namespace, { needs }), { waitSeconds: 60 });
  expect(status).toBe("active");
  if ((await team.namespaces.get(namespace)).shard !== "shard-1") await move(namespace, "shard-1");
};
const move = async (name: string, shard: string): Promise<void> => {
  const { operation } = await platform.namespaces.move(name, { shard });
  await until(async () => (await team.operations.get(operation?.id ?? "")).ended_at !== null);
  expect(await team.operations.get(operation?.id ?? "")).toMatchObject({ kind: "move", state: "succeeded" });
};
const servedAt = async (namespace: string): Promise<readonly string[]> =>
  (await team.namespaces.endpoints(namespace)).endpoints.map(({ address }) => address);
/** Everything there is, each message once, in the order in which it comes. */
async function all(client: Prism, count: number): Promise<{ key: string; n: number }[]> {
  const values: { key: string; n: number }[] = [];
  for await (const message of client.queue.consume("t", {
    group: "witness",
    from: "earliest",
    credit: 500,
  })) {
    values.push(message.json());
    await message.ack();
    if (values.length >= count) break;
  }
  return values;
}

describe("a namespace that is moved", () => {
  it("loses, doubles and reorders nothing, and no publish fails", async () => {
    const name = prism.name("moved");
    await create(name);
    const client = await prism.client(name, member);
    const load = await keyedLoad(client, { topic: "t", keys: 8, perSecond });
    for (let round = 0; round < moves; round++) {
      const to = round % 2 === 0 ? "second" : "shard-1";
      await pause(500);
      await move(name, to);
      expect(await servedAt(name)).toEqual([at[to]?.address]);
      expect((await team.namespaces.get(name)).shard).toBe(to);
    }
    const { published, failures, seen } = await load.end();
    expect(failures).toEqual([]);
    expect(published).toBeGreaterThan(perSecond);
    expect(seen.missing).toBe(0);
    expect(seen.disordered).toEqual([]);

    const values = await all(client, published);
    expect(new Set(values.map(({ key, n }) => `${key} ${n}`)).size).toBe(published);
    for (const key of new Set(values.map((value) => value.key))) {
      const numbers = values.filter((value) => value.key === key).map(({ n }) => n);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    client.close();
  }, 300_000);

  it("is found by a client that has slept meanwhile", async () => {
    const name = prism.name("slept");
    await create(name);
    const client = await prism.client(name, member);
    await client.queue.publish("t", "before");
    await move(name, "second");
    await client.queue.publish("t", "after");
    const values: unknown[] = [];
    for await (const message of client.queue.consume("t", { group: "late", from: "earliest" })) {
      values.push(message.json());
      await message.ack();
      if (values.length === 2) break;
    }
    expect(values).toEqual(["before", "after"]);
    client.close();
  });
});

const arm = async (PRISM_FAILPOINT: string): Promise<void> => {
  await prism.processes.stop("worker");
  await prism.processes.start("worker", { PRISM_FAILPOINT });
};
const dies = async (): Promise<void> => {
  await until(() => !prism.processes.running("worker"));
  await prism.processes.start("worker");
};

describe("a worker killed in the middle of a move", () => {
  const all = cells("move", 0);
  const tried = soaking ? all : all.filter((_, index) => index % 9 === 8);

  it.each(tried)("at $activity, $moment, $plot: it ends once, and traffic goes on", async (cell) => {
    const name = prism.name(`killed-${all.indexOf(cell)}`);
    await create(name);
    const client = await prism.client(name, member);
    const load = await keyedLoad(client, { topic: "t", keys: 4, perSecond: 40 });
    await arm(failpointOf(cell, name, []));
    const isUndone = cell.plot === "cancelled";
    // A dead proxy holds the move up where it can still be cancelled.
    if (isUndone) at["second"]?.process.kill("SIGSTOP");
    const { operation } = await platform.namespaces.move(name, { shard: "second" });
    const id = operation?.id ?? "";
    if (isUndone) {
      const begun = async () => (await team.operations.get(id)).steps[1]?.state === "done";
      await until(() => begun().catch(() => false));
      await platform.operations.cancel(id);
      at["second"]?.process.kill("SIGCONT");
    }
    await dies();
    await until(async () => (await team.operations.get(id)).ended_at !== null);
    const { items } = await team.namespaces.history(name);
    const ends = items.map(({ type }) => type).filter((type) => /^Move(Completed|Failed)$/.test(type));
    expect(ends).toEqual([isUndone ? "MoveFailed" : "MoveCompleted"]);
    expect((await team.operations.get(id)).state).toBe(isUndone ? "cancelled" : "succeeded");
    const { failures, seen } = await load.end();
    expect(failures).toEqual([]);
    expect(seen).toEqual({ missing: 0, disordered: [] });
    client.close();
  });
});

describe("a worker killed while a large namespace gets a shard of its own", () => {
  const large = { client_api: "keyvalue", needs: { ttl: "15min", write_rps: 60_000, read_rps: 60_000 } };
  const takes = ({ activity }: Cell) => activity === "assignShard" || activity === "openTarget";
  const all = [...cells("create", 0), ...cells("move", 0)].filter(takes);
  const tried = soaking
    ? all
    : all.filter(({ activity, moment }) => activity === "openTarget" && moment === "after");
  const added = async (shard: string): Promise<string> => {
    await platform.shards.define(shard, { dedicated: true });
    await proxies.start(shard, { PRISM_SHARD: shard });
    return shard;
  };
  const holders = async (shard: string) =>
    (await platform.shards.list()).items.flatMap((one) => (one.shard === shard ? [one.holder] : []));
  const succeeds = async (operation: string) => {
    await until(async () => (await team.operations.get(operation)).ended_at !== null);
    expect((await team.operations.get(operation)).state).toBe("succeeded");
  };

  it.each(tried)("at $activity, $moment: the shard is its alone", async (cell) => {
    const name = prism.name(`large-${all.indexOf(cell)}`);
    const [first, next] = [`${name}-first`, `${name}-next`];
    const isMoved = cell.operation === "move";
    await added(first);
    if (!isMoved) await arm(failpointOf(cell, name, []));
    const { operation: created } = await team.namespaces.create(queueRequest(name, large));
    if (!isMoved) await dies();
    await succeeds(created?.id ?? "");
    // One that another has left is as good as the one that was added.
    const { shard } = await team.namespaces.get(name);
    expect(await holders(shard ?? "")).toEqual([name]);
    if (!isMoved) return;
    await added(next);
    await arm(failpointOf(cell, name, []));
    const { operation: moved } = await platform.namespaces.move(name, { shard: next });
    await dies();
    await succeeds(moved?.id ?? "");
    expect(await holders(next)).toEqual([name]);
    expect(await team.namespaces.get(name)).toMatchObject({ shard: next, status: "active" });
  });
});

describe("a move", () => {
  it("is the platform's word, and is refused with what would be taken", async () => {
    const name = prism.name("refused");
    await create(name);
    await expect(team.namespaces.move(name, { shard: "second" })).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    await expect(platform.namespaces.move(name, { shard: "shard-1" })).rejects.toThrow("already");
    await expect(platform.namespaces.move(name, { shard: "nowhere" })).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
      details: { field: "shard", supported_values: ["second"] },
    });
    await expect(platform.namespaces.move("nobody-s")).rejects.toMatchObject({ code: "NOT_FOUND" });
    // As curl sends it: no body at all, or an empty one that calls itself JSON.
    const authorization = `Bearer ${await prism.token(platformMember)}`;
    for (const headers of [{ authorization }, { authorization, "content-type": "application/json" }]) {
      const bare = await fetch(`${prism.api}/api/v1/namespaces/nobody-s/move`, { method: "POST", headers });
      expect(bare.status).toBe(404);
    }
  });
});

describe("a shard that is drained", () => {
  it("has all that is there moved away, where that is asked for", async () => {
    const name = prism.name("away");
    await create(name);
    await move(name, "second");
    const token = await prism.token(platformMember);
    const { code, stdout } = await runPrism(prism.api, token, [
      ...["shard", "drain", "second", "--move", "-o", "json"],
    ]);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { shard: "second", state: "draining" }]);
    expect(JSON.parse(stdout).moved).toContainEqual(
      expect.objectContaining({ namespace: name, shard: "shard-1" }),
    );
    const left = (await team.namespaces.list()).items.filter(({ shard }) => shard === "second");
    expect(left).toEqual([]);
    await platform.shards.define("second");
  }, 300_000);
});
