import {
  Admin,
  ClientQuotaEntityTypes,
  ClientQuotaKeys,
  ConfigResourceTypes,
  IncrementalAlterConfigOperationTypes,
  Producer,
} from "@platformatic/kafka";
import { afterAll, describe, expect, it } from "vitest";
import { asking } from "../../backends/ask.ts";
import { kafka } from "../../backends/kafka.ts";
import { clientIdOf } from "../../backends/kafka-client-quota.ts";
import { kafkaPool } from "../../backends/kafka-connection.ts";
import { topic } from "../../backends/kafka-topic.ts";
import { logins } from "../../backends/logins.ts";
import { bounded } from "../../backends/timed.ts";
import type { Resource } from "../../domain/plan.ts";
import { kafkaTopic } from "../../domain/selection/names.ts";
import { backendContract, freshName } from "./contract.ts";
import { published } from "./published.ts";

const brokers = (process.env["PRISM_KAFKA_BROKERS"] ?? "").split(",");
const common = { logins: logins("a secret of this test"), deadlineMs: 8_000 };
/** `port`: on this machine, in the brokers' place. */
const openAt = (deadlineMs: number, port?: number) =>
  kafka({ ...common, deadlineMs, brokers: port === undefined ? brokers : [`127.0.0.1:${port}`] });
const adminClient = () => new Admin({ clientId: "test", bootstrapBrokers: brokers });
const topicOf = (name: string, partitions = 2): Resource => ({
  backend: "kafka",
  kind: "topic",
  name,
  config: { partitions, replication: 1, settings: { "retention.ms": "3600000", "cleanup.policy": "delete" } },
});

backendContract("a Kafka topic", async () => {
  const admin = adminClient();
  const backend = kafka({ ...common, brokers });
  return {
    backend,
    resource: () => topicOf(freshName("topic-")),
    meddle: async ({ name }) => {
      const set = { configOperation: IncrementalAlterConfigOperationTypes.SET };
      const configs = [
        { name: "retention.ms", value: "1000", ...set },
        { name: "cleanup.policy", value: "compact", ...set },
      ];
      await admin.incrementalAlterConfigs({
        resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configs }],
      });
      return ["retention.ms", "cleanup.policy"];
    },
    open: openAt,
    write: ({ name }, content) => published({ brokers }, name, content),
    plant: async ({ name }) =>
      void (await admin.createTopics({ topics: [name], partitions: 1, replicas: 1 })),
    exists: async ({ name }) => (await admin.listTopics()).includes(name),
    uproot: ({ name }) => admin.deleteTopics({ topics: [name] }),
    close: async () => {
      await admin.close();
      await backend.close();
    },
  };
});

backendContract("a Kafka client quota", async () => {
  const admin = adminClient();
  const backend = kafka({ ...common, brokers });
  const entitiesOf = (name: string) => [
    { entityType: ClientQuotaEntityTypes.CLIENT_ID, entityName: clientIdOf(name) },
  ];
  const { PRODUCER_BYTE_RATE, CONSUMER_BYTE_RATE } = ClientQuotaKeys;
  const set = async (name: string, value: number) => {
    const ops = [PRODUCER_BYTE_RATE, CONSUMER_BYTE_RATE].map((key) => ({
      key,
      value,
      remove: false as const,
    }));
    await admin.alterClientQuotas({ entries: [{ entities: entitiesOf(name), ops }] });
  };
  const values = async (name: string) => {
    const components = [
      { entityType: ClientQuotaEntityTypes.CLIENT_ID, matchType: 0 as const, match: clientIdOf(name) },
    ];
    return (await admin.describeClientQuotas({ components, strict: true })).flatMap((entry) => entry.values);
  };
  return {
    backend,
    resource: () => ({
      backend: "kafka",
      kind: "client-quota",
      name: freshName("quota-"),
      config: { producer_byte_rate: 1_000_000, consumer_byte_rate: 2_000_000 },
    }),
    meddle: async ({ name }) => {
      await set(name, 7);
      return ["producer_byte_rate", "consumer_byte_rate"];
    },
    open: openAt,
    bare: true,
    plant: ({ name }) => set(name, 7),
    exists: async ({ name }) => (await values(name)).length > 0,
    uproot: async ({ name }) => {
      const ops = [PRODUCER_BYTE_RATE, CONSUMER_BYTE_RATE].map((key) => ({ key, remove: true as const }));
      await admin.alterClientQuotas({ entries: [{ entities: entitiesOf(name), ops }] });
    },
    close: async () => {
      await admin.close();
      await backend.close();
    },
  };
});

describe("a topic", () => {
  const admin = adminClient();
  const backend = kafka({ ...common, brokers });
  const signal = new AbortController().signal;
  const owner = { namespace: "orders", incarnation: 1 };
  const intended = { owner, claim: { intended: true }, signal };
  afterAll(async () => {
    await admin.close();
    await backend.close();
  });

  it("a topic with records is not ours by intent alone", async () => {
    const topic = topicOf(freshName("held-"));
    await admin.createTopics({ topics: [topic.name], partitions: 2, replicas: 1 });
    const producer = new Producer({ clientId: "test", bootstrapBrokers: brokers });
    await producer.send({ messages: [{ topic: topic.name, value: Buffer.from("precious"), partition: 0 }] });
    await producer.close();
    await expect.poll(() => backend.observe(topic, intended)).toMatchObject({ state: "foreign" });
    await expect(backend.ensure(topic, intended)).rejects.toMatchObject({ code: "INVALID_CONFIGURATION" });
    expect(await backend.remove(topic, intended)).toEqual({ removed: false });
    expect(await admin.listTopics()).toContain(topic.name);
    await admin.deleteTopics({ topics: [topic.name] });
  });

  it("a topic that was just made takes records in each of its partitions", async () => {
    const partitions = 100;
    const topic = topicOf(freshName("wide-"), partitions);
    await backend.ensure(topic, intended);
    const producer = new Producer({ clientId: "test", bootstrapBrokers: brokers, retries: 0 });
    const value = Buffer.from("early");
    const messages = Array.from({ length: partitions }, (_, partition) => ({
      topic: topic.name,
      value,
      partition,
    }));
    const { offsets } = await producer.send({ messages });
    expect(offsets).toHaveLength(partitions);
    await Promise.all([producer.close(), admin.deleteTopics({ topics: [topic.name] })]);
  });

  it("another topic under our name is not ours", async () => {
    const topic = topicOf(freshName("swapped-"));
    const { identity } = await backend.ensure(topic, intended);
    await admin.deleteTopics({ topics: [topic.name] });
    while ((await admin.listTopics()).includes(topic.name))
      await new Promise((resolve) => setTimeout(resolve, 20));
    await admin.createTopics({ topics: [topic.name], partitions: 2, replicas: 1 });
    const claim = { owner, claim: { intended: false, identity }, signal };
    await expect.poll(() => backend.observe(topic, claim)).toMatchObject({ state: "foreign" });
    await admin.deleteTopics({ topics: [topic.name] });
  });

  it("is gone when its id is, also where somebody makes another in the same moment", async () => {
    const named = topicOf(freshName("raced-"));
    const { identity } = await backend.ensure(named, intended);
    const pool = kafkaPool("test", { brokers }, { connectTimeout: 3_000, requestTimeout: 3_000 });
    const raced = new (class extends Admin {
      override async deleteTopics(which: { topics: string[] }): Promise<void> {
        await super.deleteTopics(which);
        await super.createTopics({ ...which, partitions: 2, replicas: 1 });
      }
    })({ clientId: "test", bootstrapBrokers: brokers });
    const tools = { ...common, admin: raced, pool, ask: asking("Kafka"), loggedIn: false };
    const verbs = { ...topic(tools), list: async () => [], health: async () => {}, close: async () => {} };
    const another = bounded("Kafka", 3_000, { kind: "kafka", ...verbs });
    const claim = { owner, claim: { intended: false, identity }, signal };
    expect(await another.remove(named, claim)).toEqual({ removed: true });
    await expect.poll(() => backend.observe(named, claim)).toMatchObject({ state: "foreign" });
    await admin.deleteTopics({ topics: [named.name] });
    await Promise.all([raced.close(), pool.close()]);
  });

  it("partitions grow as planned, and never shrink", async () => {
    const name = freshName("grown-");
    const { identity } = await backend.ensure(topicOf(name, 2), intended);
    const claim = { owner, claim: { intended: false, identity }, signal };
    expect(await backend.ensure(topicOf(name, 4), claim)).toMatchObject({ identity });
    const partitions = async () =>
      (await admin.metadata({ topics: [name], forceUpdate: true })).topics.get(name)?.partitionsCount;
    await expect.poll(partitions).toBe(4);
    await expect(backend.ensure(topicOf(name, 2), claim)).rejects.toMatchObject({
      code: "MIGRATION_REQUIRED",
    });
    await backend.remove(topicOf(name, 4), claim);
  });

  it("a broker that is not there is worth waiting for", async () => {
    const nowhere = kafka({ ...common, brokers: ["127.0.0.1:1"] });
    await expect(nowhere.ensure(topicOf("x"), intended)).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
    });
    await expect(nowhere.health(signal)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    await nowhere.close();
  });
});

describe("a namespace in Kafka", () => {
  const backend = openAt(common.deadlineMs);
  afterAll(() => backend.close());

  it.each([
    ["64 characters", freshName("x").padEnd(64, "y")],
    ["64 characters, the last of them another", freshName("x").padEnd(63, "y").concat("z")],
    ["a hyphen", `${freshName("a")}-b`],
    ["no hyphen", `${freshName("a")}b`],
    ["a word of Kafka's own", `consumer-offsets-${freshName("")}`],
  ])("may be called by %s", async (_, namespace) => {
    const owner = { namespace, incarnation: 1 };
    const signal = new AbortController().signal;
    const topic = topicOf(kafkaTopic(namespace, "queue"), 1);
    const { identity } = await backend.ensure(topic, { owner, claim: { intended: true }, signal });
    const made = { owner, claim: { intended: false, identity }, signal };
    await expect.poll(() => backend.observe(topic, made)).toEqual({ state: "ready", identity });
    expect(await backend.remove(topic, made)).toEqual({ removed: true });
    await expect.poll(() => backend.observe(topic, made)).toEqual({ state: "absent" });
  });
});
