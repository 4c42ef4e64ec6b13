import type { ServiceError } from "@grpc/grpc-js";
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PublishResponse } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { type Refusal, rawClient, refusalOf } from "../proxy/raw-client.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { testPool } from "../setup/test-pool.ts";
import { until } from "../setup/until.ts";
import { holdings } from "./holdings.ts";
import { member, orderApi, queueRequest } from "./request.ts";

let prism: TestPrism;
let proxies: ReturnType<typeof moreProxies>;
let data: Pool;
beforeAll(async () => {
  prism = await testPrism({ names: ["api", "worker"] });
  proxies = moreProxies(prism);
  data = testPool({ connectionString: prism.environment["PRISM_DATA_URL"], max: 2 });
});
afterAll(async () => {
  await data?.end();
  await proxies?.close();
  await prism?.close();
});

/** A silent proxy refuses by itself once its lease is over: nobody has to wait for it for a quarter of an hour. */
const more = {
  policies: { compliance: "pci", pii_handling: "enabled", audit_logging: "enabled" },
  needs: { durability: "strong", write_rps: 10_000 },
};

type Publishing = { readonly acknowledged: bigint[]; readonly refused: Refusal[]; over(): Promise<void> };

/** So many at a time until `over`, without an SDK that would try again. */
async function publishing(proxy: RunningProxy, namespace: string, atATime: number): Promise<Publishing> {
  const authorization = `Bearer ${await prism.token(orderApi)}`;
  const client = rawClient(proxy.address, { authorization, "prism-namespace": namespace });
  const acknowledged: bigint[] = [];
  const refused: Refusal[] = [];
  const payload = new Uint8Array(1_000);
  let isOver = false;
  const all = Array.from({ length: atATime }, async () => {
    while (!isOver) {
      try {
        const answer = await client.unary(QueueService.method.publish, { topic: "orders", payload });
        acknowledged.push(BigInt((answer as PublishResponse).offset.slice(2)));
      } catch (error) {
        refused.push(refusalOf(error as ServiceError));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  });
  return {
    acknowledged,
    refused,
    async over() {
      isOver = true;
      await Promise.all(all);
      client.close();
    },
  };
}

/** Nobody can publish until it is released. */
async function heldUp(namespace: string): Promise<() => Promise<void>> {
  const client = await data.connect();
  await client.query("begin");
  await client.query("select 1 from prism_log.log_head where namespace = $1 for update", [namespace]);
  return async () => {
    await client.query("rollback");
    client.release();
  };
}

/** How many publishes wait for the store. */
async function waiting(): Promise<number> {
  const { rows } = await data.query<{ count: string }>(
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%prism_log.claim%' and datname = current_database()",
  );
  return Number(rows[0]?.count);
}

/** Looks at the fence until it is up; answers how many messages were ever taken. */
async function takenWhenClosed(namespace: string): Promise<bigint> {
  let taken = 0n;
  await until(async () => {
    const text = "select position, state from prism_log.log_head where namespace = $1";
    const { rows } = await data.query<{ position: string; state: string }>(text, [namespace]);
    const [head] = rows;
    taken = BigInt(head?.position ?? taken);
    return head === undefined || head.state === "closed";
  }, 100_000);
  return taken;
}

it("a proxy that was asleep while its namespace was deleted acknowledges nothing that is not counted", async () => {
  const [one, two] = await Promise.all([proxies.start("one"), proxies.start("two")]);
  const alice = await prism.control(member);
  const name = prism.name("asleep");
  const created = await alice.namespaces.create(queueRequest(name, more), { waitSeconds: 60 });
  expect(created.status).toBe("active");
  const [awake, asleep] = await Promise.all([publishing(one, name, 16), publishing(two, name, 64)]);
  await until(() => awake.acknowledged.length > 200 && asleep.acknowledged.length > 1_000, 100_000);

  // The store keeps both waiting, so that the one falls asleep with messages on their way and more behind them.
  const release = await heldUp(name);
  await until(async () => (await waiting()) >= 2);
  await new Promise((resolve) => setTimeout(resolve, 300));
  two.process.kill("SIGSTOP");
  await release();
  const closed = takenWhenClosed(name);
  await alice.namespaces.delete(name, { confirm: name });
  await until(async () => (await alice.namespaces.get(name)).status === "deleted", 100_000);
  const taken = await closed;
  const before = asleep.refused.length;
  two.process.kill("SIGCONT");
  await until(() => asleep.refused.length - before >= 64, 100_000);
  await Promise.all([awake.over(), asleep.over()]);

  // What the store had taken before it may still tell; what came after, the store refuses.
  const all = [...awake.acknowledged, ...asleep.acknowledged];
  expect(all.filter((position) => position > taken)).toEqual([]);
  expect(new Set(all).size).toBe(all.length);
  expect(asleep.refused.slice(before).map(({ message }) => message)).toContainEqual(
    expect.stringContaining("its log is closed"),
  );
  const { items } = await alice.namespaces.history(name);
  const drained = items.find(({ type }) => type === "DrainCompleted");
  expect(drained?.data).toMatchObject({ aborted: 0 });
  expect(await holdings(prism.environment, name)).toEqual([]);
}, 300_000);
