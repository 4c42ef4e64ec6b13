import { Admin } from "@platformatic/kafka";
import { Pool } from "pg";
import { backlog } from "../../backends/write-ahead-log/operate.ts";
import type { Prism } from "../../sdk/typescript/prism.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";

export const topic = "orders";
/** 1 KiB. */
export const payload = Buffer.alloc(1_024, "x");

export type Queue = {
  readonly namespace: string;
  readonly client: Prism;
  /** A caller's, for those who call without the SDK. */
  readonly token: string;
  /** One to begin with. */
  readonly proxies: readonly RunningProxy[];
  /** Resolves when it serves the namespace too. */
  addProxy(): Promise<RunningProxy>;
  readonly brokers: readonly string[];
  readonly dataUrl: string;
  /** The topic in Kafka that carries the namespace's messages. */
  readonly carrier: string;
  /** Another one like it, for who goes past Prism; always the same. */
  bareTopic(): Promise<string>;
  /** How long it took until all that was acknowledged is in Kafka, in milliseconds. */
  relayed(): Promise<number>;
  /** What the plan promises and this build does not keep yet. */
  readonly pending: readonly string[];
};

export const processes = {
  // The tests' impatience is not what is measured.
  PRISM_LEASE_MS: "6000",
  PRISM_HEARTBEAT_MS: "10000",
  PRISM_LOG_LEVEL: "warn",
};

// As much as a log may reserve.
const writesPerSecond = 50_000;

/** A queue namespace on Kafka with the durability asked for, behind proxies of this run, for as long as `body` runs. */
export async function withQueue<T>(durability: string, body: (queue: Queue) => Promise<T>): Promise<T> {
  const prism = await testPrism({ names: ["api", "worker"], environment: processes });
  const more = moreProxies(prism);
  const brokers = (prism.environment["PRISM_KAFKA_BROKERS"] ?? "").split(",");
  const dataUrl = prism.environment["PRISM_DATA_URL"] ?? "";
  const pool = new Pool({ connectionString: dataUrl, max: 1 });
  const admin = new Admin({ clientId: "bench", bootstrapBrokers: brokers });
  const caller = { teams: ["payments-team"], ttlSeconds: 3_600 };
  const member = await prism.control(caller);
  const namespace = prism.name("bench");
  const access = { owners: [{ team: "payments-team" }], consumers: [] };
  const needs = { durability, write_rps: writesPerSecond, read_rps: writesPerSecond };
  const bare = `${namespace}-bare`;
  const proxies: RunningProxy[] = [];
  const addProxy = async (): Promise<RunningProxy> => {
    // It says where it listens when its log level lets it.
    const added = await more.start(`bench-${proxies.length + 1}`, { PRISM_LOG_LEVEL: "info" });
    proxies.push(added);
    return added;
  };
  let client: Prism | undefined;
  let made: Promise<unknown> | undefined;
  try {
    await addProxy();
    const asked = { namespace, team: "payments-team", client_api: "queue", needs, access };
    await member.namespaces.create(asked, { waitSeconds: 60 });
    const { plan, not_enforced_yet: pending } = await member.namespaces.plan(namespace);
    const partitions = Number(plan.backend.config["partitions"]);
    client = await prism.client(namespace, caller);
    return await body({
      namespace,
      client,
      token: await prism.token(caller),
      proxies,
      async addProxy() {
        const added = await addProxy();
        await until(
          async () => (await member.namespaces.endpoints(namespace)).endpoints.length === proxies.length,
        );
        return added;
      },
      brokers,
      dataUrl,
      pending,
      carrier: String(plan.backend.config["topic"]),
      async bareTopic() {
        made ??= admin.createTopics({ topics: [bare], partitions, replicas: 1 });
        await made;
        return bare;
      },
      async relayed() {
        const begun = performance.now();
        await until(async () => (await backlog(pool, { namespace, incarnation: 1 })) === 0);
        return performance.now() - begun;
      },
    });
  } finally {
    client?.close();
    await admin.deleteTopics({ topics: [bare] }).catch(() => {});
    await admin.close();
    await pool.end();
    await more.close();
    await prism.close();
  }
}
