import { setTimeout as pause } from "node:timers/promises";
import { Admin, Consumer, type ListOffsetsOptions, ProtocolError } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { isStaleMembership } from "../../backends/kafka-errors.ts";
import { kafkaHealth, kafkaLog } from "../../backends/kafka-log.ts";
import { kafkaOffsets } from "../../backends/kafka-offsets.ts";
import type { LogReader, NewRecord, StoredRecord } from "../../backends/log.ts";
import { partitionOf } from "../../backends/murmur2.ts";
import { brokers, kafkaTopic } from "../proxy/stage.ts";
import { until } from "../setup/until.ts";
import { brokenNetwork } from "./broken-network.ts";
import { kafkaWithLogins } from "./kafka-with-logins.ts";

let common: string;
let admin: Admin;

beforeAll(async () => {
  common = await kafkaTopic(3);
  admin = new Admin({ clientId: "prism-test", bootstrapBrokers: [...brokers] });
});

afterAll(() => admin.close());

const text = new TextEncoder();
const record = (key: string | undefined, value: string | Uint8Array): NewRecord => ({
  key: key === undefined ? undefined : text.encode(key),
  placedBy: key === undefined ? undefined : text.encode(key),
  value: typeof value === "string" ? text.encode(value) : value,
  headers: new Map([["prism-topic", "t"]]),
  timestampMs: 1_700_000_000_000,
});
const log = (topic = common) => kafkaLog({ brokers, clientId: "prism.test", topic });

/** Collects what it is given; `seen` is by partition. */
function collector() {
  const seen = new Map<number, { offset: bigint; value: string }[]>();
  const reader: LogReader = {
    revoking: async () => {},
    assigned: () => {},
    records(partition, records) {
      const values = records.map(({ offset, value }) => ({ offset, value: Buffer.from(value).toString() }));
      seen.set(partition, [...(seen.get(partition) ?? []), ...values]);
    },
    wants: () => true,
    troubled: () => {},
    failed: (error) => {
      throw error;
    },
  };
  return { seen, reader, all: () => [...seen.values()].flat().map(({ value }) => value) };
}

const upTo = (partition: number, offset: bigint) => new Map([[partition, { offset, note: "" }]]);

describe("Kafka as a log", () => {
  it("finds a record in a topic whose brokers did not know at first who leads it", async () => {
    const topic = log();
    const listed = vi.spyOn(Consumer.prototype, "listOffsets");
    onTestFinished(() => listed.mockRestore());
    for (let times = 0; times < 3; times++) {
      listed.mockRejectedValueOnce(new ProtocolError("NOT_LEADER_OR_FOLLOWER"));
    }
    const sent = { ...record("found", "found"), timestampMs: Date.now() };
    await topic.append(sent);
    const isIt = ({ value }: StoredRecord) => Buffer.from(value).toString() === "found";
    const found = await topic.find(sent, isIt, AbortSignal.timeout(20_000));
    expect(found?.key).toEqual(Buffer.from("found"));
    await topic.close();
  });

  it("leaves others their turn while it reads of a partition that is not there yet", async () => {
    const topic = log();
    const unknown = { partition: 99, offset: 0n };
    const before = process.cpuUsage();
    // The first finds out what there is.
    for (const ms of [200, 300]) expect(await topic.read(unknown, AbortSignal.timeout(ms))).toBeUndefined();
    const { user, system } = process.cpuUsage(before);
    // For as long as what is known of a topic counts it would work, and nothing else had its turn.
    expect((user + system) / 1_000).toBeLessThan(3_000);
    await topic.close();
  });

  it("answers each record with the position where it really lies", async () => {
    const topic = log();
    const keys = Array.from({ length: 500 }, (_, at) => `k${at % 11}`);
    const positions = await Promise.all(keys.map((key, at) => topic.append(record(key, `v${at}`))));
    for (const at of [0, 1, 137, 499]) {
      const position = positions[at] ?? { partition: -1, offset: -1n };
      const stored = await topic.read(position, AbortSignal.timeout(30_000));
      expect(Buffer.from(stored?.value ?? []).toString()).toBe(`v${at}`);
      expect(stored).toMatchObject({
        timestampMs: 1_700_000_000_000,
        headers: new Map([["prism-topic", "t"]]),
      });
      expect(position.partition).toBe(partitionOf(text.encode(keys[at] ?? ""), 3));
    }
    const ofOneKey = positions.filter((_, at) => keys[at] === "k3").map(({ offset }) => offset);
    expect(ofOneKey).toEqual([...ofOneKey].sort((a, b) => (a < b ? -1 : 1)));
    await topic.close();
  });

  it("spreads records without a key over the partitions in turn", async () => {
    const topic = log();
    const positions = await Promise.all(
      Array.from({ length: 9 }, () => topic.append(record(undefined, "x"))),
    );
    const partitions = positions.map(({ partition }) => partition);
    expect([0, 1, 2].map((partition) => partitions.filter((at) => at === partition).length)).toEqual([
      3, 3, 3,
    ]);
    await topic.close();
  });

  it("refuses a record that is too large for the broker, and none of its neighbours", async () => {
    // From the beginning: a broker takes a while to hear of a change.
    const small = await kafkaTopic(1, brokers, [{ name: "max.message.bytes", value: "2000" }]);
    const topic = log(small);
    const sizes = [900, 900, 900, 5_000, 900, 900];
    const answers = await Promise.allSettled(
      sizes.map((size) => topic.append(record("k", new Uint8Array(size)))),
    );
    expect(answers.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(answers[3]).toMatchObject({ reason: { code: "PAYLOAD_TOO_LARGE" } });
    await topic.close();
  });

  it("says clearly that Kafka is not there, in bounded time", async () => {
    const nowhere = kafkaLog({ brokers: ["127.0.0.1:1"], clientId: "prism.test", topic: "t" });
    await expect(nowhere.append(record("k", "v"))).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      details: { backend: "kafka", retry_after_ms: 1_000 },
    });
    const { reader } = collector();
    await expect(nowhere.join({ group: "g", start: "latest", reader })).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
    });
    await nowhere.close();
    const health = kafkaHealth({ brokers: ["127.0.0.1:1"] }, "prism.test");
    await expect(health.check()).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    await health.close();
  });
});

describe("a member of a group", () => {
  it("goes on with the oldest record where retention has removed what it had not read", async () => {
    const short = await kafkaTopic(1);
    const topic = log(short);
    for (const value of ["a", "b", "c", "d"]) await topic.append(record("k", value));
    const first = collector();
    const member = await topic.join({ group: `${short}-g`, start: "earliest", reader: first.reader });
    await member.close();
    await admin.deleteRecords({
      topics: [{ name: short, partitions: [{ partition: 0, offset: 2n }] }],
    });
    const second = collector();
    const later = await topic.join({ group: `${short}-g`, start: "earliest", reader: second.reader });
    while (second.all().length < 2) await pause(10);
    expect(second.all()).toEqual(["c", "d"]);
    await later.close();
    await topic.close();
  });

  it("cannot commit for what has moved to another", async () => {
    const topic = log();
    const group = `${common}-moved`;
    const [one, two] = [collector(), collector()];
    const first = await topic.join({ group, start: "earliest", reader: one.reader });
    const committedByTwo = new Map<number, bigint>();
    two.reader.assigned = (partitions) => {
      for (const { partition, position } of partitions) committedByTwo.set(partition, position);
    };
    const second = await topic.join({ group, start: "earliest", reader: two.reader });
    const [taken = -1] = committedByTwo.keys();
    expect(await second.commit(upTo(taken, 7n))).toBe(true);
    // The first still believes to know of it.
    await first.commit(upTo(taken, 3n));
    await Promise.all([first.close(), second.close()]);
    const afterwards = new Map<number, bigint>();
    const three = collector().reader;
    three.assigned = (partitions) => {
      for (const { partition, position } of partitions) afterwards.set(partition, position);
    };
    const third = await topic.join({ group, start: "earliest", reader: three });
    expect(afterwards.get(taken)).toBe(7n);
    await third.close();
    await topic.close();
  });

  it("commits as the member of the generation it knew, never as one of a newer", async () => {
    const group = `${common}-generation`;
    const consumer = new Consumer({ clientId: "prism.test", groupId: group, bootstrapBrokers: [...brokers] });
    consumer.topics.track(common);
    await consumer.joinGroup();
    const offsets = kafkaOffsets({ consumer, group, topic: common });
    const { generationId: generation, memberId } = consumer;
    const holder = { generation, memberId: memberId ?? "" };
    await offsets.commit(holder, upTo(0, 1n));
    const older = offsets.commit({ ...holder, generation: generation - 1 }, upTo(0, 9n));
    await expect(older).rejects.toSatisfy(isStaleMembership);
    expect(await offsets.standing(holder, [0], "earliest")).toEqual(upTo(0, 1n));
    await consumer.close();
  });

  it("begins no partition anew that it has committed, also where it knows of fewer than it is assigned", async () => {
    const group = `${common}-stale`;
    const consumer = new Consumer({ clientId: "prism.test", groupId: group, bootstrapBrokers: [...brokers] });
    consumer.topics.track(common);
    await consumer.joinGroup();
    const holder = { generation: consumer.generationId, memberId: consumer.memberId ?? "" };
    const progress = new Map([...upTo(0, 5n), ...upTo(2, 7n)]);
    await kafkaOffsets({ consumer, group, topic: common }).commit(holder, progress);
    const metadata = async (asked: { topics: string[] }) => {
      const found = await consumer.metadata(asked);
      const topics = [...found.topics].map(
        ([name, topic]) => [name, { ...topic, partitionsCount: 2 }] as const,
      );
      return { ...found, topics: new Map(topics) };
    };
    const stale = Object.create(consumer, {
      metadata: { value: metadata },
      findGroupCoordinator: { value: () => consumer.findGroupCoordinator() },
      connections: { get: () => consumer.connections },
      listOffsets: { value: (asked: ListOffsetsOptions) => consumer.listOffsets(asked) },
    });
    const standing = await kafkaOffsets({ consumer: stale, group, topic: common }).standing(
      holder,
      [0, 2],
      "earliest",
    );
    expect(standing).toEqual(progress);
    await consumer.close();
  });

  it("says that it is over when Kafka goes away while it takes its share of added partitions", async () => {
    const target = { host: "127.0.0.1", port: 0 };
    const network = await brokenNetwork(target);
    const server = await kafkaWithLogins(network.port);
    onTestFinished(async () => {
      await Promise.all([network.close(), server.close()]);
    });
    target.port = Number(server.brokers[0]?.split(":")[1]);
    const cluster = { brokers: [`127.0.0.1:${network.port}`], sasl: server.admin };
    const far = new Admin({
      clientId: "prism-test",
      bootstrapBrokers: cluster.brokers,
      sasl: { ...server.admin },
    });
    await far.createTopics({ topics: ["grows"], partitions: 1, replicas: 1 });
    const topic = kafkaLog({ ...cluster, clientId: "prism.test", topic: "grows" });
    // A Kafka that has just begun may have no place for groups yet.
    const calm = { ...collector().reader, failed: () => {} };
    const joins = async () => (await topic.join({ group: "first", start: "earliest", reader: calm })).close();
    await until(
      () =>
        joins().then(
          () => true,
          () => false,
        ),
      60_000,
    );
    const failed: Error[] = [];
    const member = await topic.join({
      group: "g",
      start: "earliest",
      reader: {
        ...collector().reader,
        // Asked before each join: this one's request finds nobody.
        revoking: async () => network.be({ kind: "reset", after: 0 }),
        failed: (error) => void failed.push(error),
      },
    });
    await far.createPartitions({ topics: [{ name: "grows", count: 2 }] });
    topic.grow?.(2);
    await until(() => failed.length > 0, 60_000);
    expect(failed[0]).toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    network.be({ kind: "none" });
    await member.close();
    await Promise.all([topic.close(), far.close()]);
  }, 180_000);
});
