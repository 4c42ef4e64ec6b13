import { setTimeout as delay } from "node:timers/promises";
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  ClientQuotaEntityTypes,
  ClientQuotaMatchTypes,
  ConfigResourceTypes,
  Consumer,
  ListOffsetTimestamps,
  Producer,
  ResourcePatternTypes,
  ResourceTypes,
} from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { kafka } from "../../backends/kafka.ts";
import { type KafkaCluster, kafkaConnection } from "../../backends/kafka-connection.ts";
import { kafkaLog } from "../../backends/kafka-log.ts";
import type { LogReader } from "../../backends/log.ts";
import { logins } from "../../backends/logins.ts";
import type { Resource } from "../../domain/plan.ts";
import { backendContract, freshName } from "./contract.ts";
import { kafkaWithLogins } from "./kafka-with-logins.ts";
import { goesAlone } from "./lonely-login.ts";
import { published } from "./published.ts";

const secret = "a secret of this test";
const common = { logins: logins(secret), deadlineMs: 15_000 };
const never = new AbortController().signal;
const topicOf = (name: string): Resource => ({
  backend: "kafka",
  kind: "topic",
  name,
  config: { partitions: 1, replication: 1, settings: { "retention.ms": "3600000" } },
});

let server: Awaited<ReturnType<typeof kafkaWithLogins>>;
let cluster: KafkaCluster;
beforeAll(async () => {
  server = await kafkaWithLogins();
  cluster = { brokers: server.brokers, sasl: server.admin };
}, 120_000);
afterAll(() => server?.close());

backendContract("a Kafka topic where brokers ask who somebody is", async () => {
  const admin = new Admin({ clientId: "test", ...kafkaConnection(cluster) });
  const backend = kafka({ ...common, ...cluster });
  return {
    backend,
    resource: () => topicOf(freshName("topic-")),
    meddle: async ({ name }) => {
      const rule = {
        principal: "User:prism.orders.2",
        host: "*",
        resourcePatternType: ResourcePatternTypes.LITERAL,
        permissionType: AclPermissionTypes.ALLOW,
        resourceType: ResourceTypes.TOPIC,
      };
      const { READ } = AclOperations;
      await admin.deleteAcls({ filters: [{ ...rule, resourceName: name, operation: READ }] });
      await admin.createAcls({ creations: [{ ...rule, resourceName: "*", operation: READ }] });
      return [`rule ALLOW READ TOPIC LITERAL ${name}`, "rule ALLOW READ TOPIC LITERAL *"];
    },
    plant: async ({ name }) =>
      void (await admin.createTopics({ topics: [name], partitions: 1, replicas: 1 })),
    exists: async ({ name }) => (await admin.listTopics()).includes(name),
    write: ({ name }, content) => published(cluster, name, content),
    uproot: ({ name }) => admin.deleteTopics({ topics: [name] }),
    open: (deadlineMs, port) => {
      const brokers = port === undefined ? cluster.brokers : [`127.0.0.1:${port}`];
      return kafka({ ...common, ...cluster, brokers, deadlineMs });
    },
    close: async () => {
      await admin.close();
      await backend.close();
    },
  };
});

describe("a namespace with Kafka's own client and its own login", () => {
  let backend: Backend;
  const call = (namespace: string, incarnation: number) => ({
    owner: { namespace, incarnation },
    claim: { intended: true },
    signal: never,
  });
  const own = (namespace: string, incarnation = 1) => {
    const { user, password } = common.logins("kafka", { namespace, incarnation });
    const sasl = { mechanism: "SCRAM-SHA-512" as const, username: user, password };
    return { clientId: "own", ...kafkaConnection({ ...cluster, sasl }), retries: 0 };
  };
  const producing = async (namespace: string, topic: string, incarnation = 1) => {
    const producer = new Producer(own(namespace, incarnation));
    try {
      await producer.send({ messages: [{ topic, value: Buffer.from("hello") }] });
    } finally {
      await producer.close();
    }
  };
  /** Rules reach a broker a moment after they are made. */
  const sent = async (namespace: string, incarnation = 1): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await producing(namespace, `${namespace}-queue`, incarnation);
      } catch (error) {
        if (attempt === 200) throw error;
        await delay(100);
      }
    }
  };
  const administering = async <T>(namespace: string, body: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = new Admin(own(namespace));
    try {
      return await body(admin);
    } finally {
      await admin.close();
    }
  };

  beforeAll(async () => {
    backend = kafka({ ...common, ...cluster });
    expect(await backend.ensure(topicOf("ours-queue"), call("ours", 1))).toMatchObject({
      login: { user: "prism.ours.1" },
    });
    await backend.ensure(topicOf("theirs-queue"), call("theirs", 1));
    await sent("theirs");
    await sent("ours");
  });
  afterAll(() => backend?.close());

  it("cannot write what is another's", () => expect(producing("ours", "theirs-queue")).rejects.toThrow());

  it("reads its own and not another's, as a member of a group or by offset", async () => {
    const read = async (topic: string, groupId: string) => {
      // The broker makes the topic of its groups when the first one comes.
      const consumer = new Consumer({ ...own("ours"), groupId, retries: 10, retryDelay: 300 });
      try {
        const stream = await consumer.consume({ topics: [topic], mode: "earliest", maxWaitTime: 200 });
        for await (const message of stream) return message.value.toString();
        return undefined;
      } finally {
        await consumer.close(true);
      }
    };
    expect(await read("ours-queue", "prism.ours.1.mine")).toBe("hello");
    await expect(read("theirs-queue", "prism.ours.1.mine")).rejects.toThrow();
    await expect(read("ours-queue", "prism.theirs.1.theirs")).rejects.toThrow();
    // Life 1 is not life 12.
    await expect(read("ours-queue", "prism.ours.12.other")).rejects.toThrow();
  });

  it("cannot list, count, configure or delete what is another's", async () => {
    expect(await administering("ours", (admin) => admin.listTopics())).toEqual(["ours-queue"]);
    const partitions = [{ partitionIndex: 0, timestamp: ListOffsetTimestamps.LATEST }];
    const counting = (name: string) =>
      administering("ours", (admin) => admin.listOffsets({ topics: [{ name, partitions }] }));
    // Where an answer was lost it was sent again.
    expect((await counting("ours-queue"))[0]?.partitions[0]?.offset).toBeGreaterThan(0n);
    await expect(counting("theirs-queue")).rejects.toThrow();
    await expect(
      administering("ours", (admin) => admin.deleteTopics({ topics: ["theirs-queue"] })),
    ).rejects.toThrow();
    await expect(
      administering("ours", (admin) => admin.createTopics({ topics: ["new"], partitions: 1, replicas: 1 })),
    ).rejects.toThrow();
    const groups = await administering("ours", (admin) => admin.listGroups());
    expect([...groups.keys()].filter((group) => !group.startsWith("prism.ours.1."))).toEqual([]);
  });

  const topic = "theirs-queue";
  const config = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic };
  const all = { partition: 0, offset: -1n };
  const quotas = {
    components: [
      { entityType: ClientQuotaEntityTypes.CLIENT_ID, matchType: ClientQuotaMatchTypes.ANY, match: null },
    ],
    strict: false,
  };
  it.each<[string, (admin: Admin) => Promise<unknown>]>([
    ["measured on disk", (admin) => admin.describeLogDirs({ topics: [{ name: topic, partitions: [0] }] })],
    ["known by its settings", (admin) => admin.describeConfigs({ resources: [config] })],
    ["described by its groups", (admin) => admin.describeGroups({ groups: ["prism.theirs.1.g"] })],
    ["counted by offsets", (admin) => admin.listConsumerGroupOffsets({ groups: ["prism.theirs.1.g"] })],
    ["known by its rate", (admin) => admin.describeClientQuotas(quotas)],
    ["emptied", (admin) => admin.deleteRecords({ topics: [{ name: topic, partitions: [all] }] })],
    ["grown", (admin) => admin.createPartitions({ topics: [{ name: topic, count: 2, assignments: [] }] })],
    ["freed of its groups", (admin) => admin.deleteGroups({ groups: ["prism.theirs.1.g"] })],
  ])("what is another's cannot be %s", (_, asking) =>
    expect(administering("ours", asking)).rejects.toThrow(),
  );

  it("has another login when its name is used again, and the old one opens nothing", async () => {
    await backend.ensure(topicOf("again-queue"), call("again", 1));
    await sent("again");
    await backend.remove(topicOf("again-queue"), {
      ...call("again", 1),
      claim: { intended: false, identity: await identityOf("again-queue") },
    });
    await expect.poll(() => producing("again", "again-queue", 1).catch(() => "refused")).toBe("refused");
    await backend.ensure(topicOf("again-queue"), call("again", 2));
    await sent("again", 2);
    await expect(producing("again", "again-queue", 1)).rejects.toThrow();
  });

  it("has another password once the platform's secret is another, and the old one opens nothing", async () => {
    const topic = topicOf("secret-queue");
    const { identity } = await backend.ensure(topic, call("secret", 1));
    const recorded = { ...call("secret", 1), claim: { intended: false, identity } };
    await sent("secret");
    const other = kafka({ ...common, ...cluster, logins: logins("another secret") });
    expect(await other.observe(topic, recorded)).toMatchObject({
      state: "drifted",
      drift: [{ field: "password", planned: "the derived one", actual: "another" }],
    });
    await other.ensure(topic, recorded);
    await expect.poll(() => other.observe(topic, recorded)).toMatchObject({ state: "ready" });
    await expect.poll(() => producing("secret", topic.name).catch(() => "refused")).toBe("refused");
    await other.remove(topic, recorded);
    await other.close();
  });

  it("leaves no login behind, and no rules, where its topic was deleted past Prism", async () => {
    const { login } = await backend.ensure(topicOf("lonely-queue"), call("lonely", 1));
    expect(login).toEqual({ user: "prism.lonely.1" });
    const admin = new Admin({ clientId: "test", ...kafkaConnection(cluster) });
    await admin.deleteTopics({ topics: ["lonely-queue"] });
    const other = kafka({ ...common, ...cluster, logins: logins("another secret") });
    const owner = { namespace: "lonely", incarnation: 1 };
    await goesAlone({ backend, other, owner, name: "prism.lonely.1" });
    await Promise.all([admin.close(), other.close()]);
  });

  it("is served by proxies, which log in as Prism", async () => {
    const log = kafkaLog({ ...cluster, clientId: "prism.ours", topic: "ours-queue" });
    const seen: string[] = [];
    const reader: LogReader = {
      revoking: async () => {},
      assigned: () => {},
      records: (_, records) => void seen.push(...records.map(({ value }) => Buffer.from(value).toString())),
      wants: () => true,
      troubled: () => {},
      failed: () => {},
    };
    const member = await log.join({ group: "prism.ours.1.served", start: "earliest", reader });
    const record = { key: undefined, placedBy: undefined, headers: new Map(), timestampMs: Date.now() };
    await log.append({ ...record, value: Buffer.from("through the proxy") });
    await expect.poll(() => seen).toContain("through the proxy");
    await member.close();
    await log.close();
  });

  const identityOf = async (name: string): Promise<string> => {
    const admin = new Admin({ clientId: "test", ...kafkaConnection(cluster) });
    const { topics } = await admin.metadata({ topics: [name], forceUpdate: true });
    await admin.close();
    return topics.get(name)?.id ?? "";
  };
});
