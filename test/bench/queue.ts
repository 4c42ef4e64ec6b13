import { Admin } from "@platformatic/kafka";
import type { Prism } from "../../sdk/typescript/prism.ts";
import { testPrism } from "../setup/prism.ts";

export const topic = "orders";
/** 1 KiB. */
export const payload = Buffer.alloc(1_024, "x");

export type Queue = {
  readonly client: Prism;
  readonly brokers: readonly string[];
  /** The topic in Kafka that carries the namespace's messages. */
  readonly carrier: string;
  /** Another one like it, for who goes past Prism. */
  bareTopic(): Promise<string>;
  /** What the plan promises and this build does not keep yet. */
  readonly pending: readonly string[];
};

export const processes = {
  // The tests' impatience is not what is measured.
  PRISM_LEASE_MS: "6000",
  PRISM_HEARTBEAT_MS: "10000",
  PRISM_LOG_LEVEL: "warn",
};

/** A queue namespace on Kafka with the durability asked for, on three processes of this run, for as long as `body` runs. */
export async function withQueue<T>(durability: string, body: (queue: Queue) => Promise<T>): Promise<T> {
  const prism = await testPrism({ environment: processes });
  const brokers = (prism.environment["PRISM_KAFKA_BROKERS"] ?? "").split(",");
  const admin = new Admin({ clientId: "bench", bootstrapBrokers: brokers });
  const member = await prism.control({ teams: ["payments-team"] });
  const namespace = prism.name("bench");
  const access = { owners: [{ team: "payments-team" }], consumers: [] };
  const needs = { durability, write_rps: 20_000, read_rps: 20_000 };
  const asked = { namespace, team: "payments-team", client_api: "queue", needs, access };
  const bare = `${namespace}-bare`;
  let client: Prism | undefined;
  try {
    await member.namespaces.create(asked, { waitSeconds: 60 });
    const { plan, not_enforced_yet: pending } = await member.namespaces.plan(namespace);
    const partitions = Number(plan.backend.config["partitions"]);
    client = await prism.client(namespace, { teams: ["payments-team"], ttlSeconds: 3_600 });
    return await body({
      client,
      brokers,
      pending,
      carrier: String(plan.backend.config["topic"]),
      async bareTopic() {
        await admin.createTopics({ topics: [bare], partitions, replicas: 1 });
        return bare;
      },
    });
  } finally {
    client?.close();
    await admin.deleteTopics({ topics: [bare] }).catch(() => {});
    await admin.close();
    await prism.close();
  }
}
