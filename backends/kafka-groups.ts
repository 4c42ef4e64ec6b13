import { Admin, ListOffsetTimestamps } from "@platformatic/kafka";
import { unavailable } from "./ask.ts";
import { type KafkaCluster, kafkaConnection } from "./kafka-connection.ts";

/** A group with members that is not done yet, and with how many records. */
export type Behind = { readonly group: string; readonly records: bigint };

const requestMs = 8_000;
// Nobody is there who could be waited for; whoever comes later is told what to wait for.
const idle: readonly string[] = ["Empty", "Dead"];

/** How far the consumer groups of a topic are, for whoever has to wait for them. */
export function kafkaGroups(cluster: KafkaCluster) {
  const admin = new Admin({
    ...kafkaConnection(cluster),
    clientId: "prism-worker-groups",
    connectTimeout: 3_000,
    requestTimeout: requestMs,
    retries: 0,
  });

  const ask = async <T>(what: string, question: () => Promise<T>): Promise<T> => {
    try {
      return await question();
    } catch (cause) {
      throw unavailable("Kafka", what, cause);
    }
  };

  /** Of each of the first `partitions`: the earliest or the latest offset there is. */
  const edges = async (topic: string, partitions: number, timestamp: bigint): Promise<readonly bigint[]> => {
    const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp }));
    const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions: asked }] });
    const offsets = new Map(
      found?.partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset]) ?? [],
    );
    return asked.map(({ partitionIndex }) => offsets.get(partitionIndex) ?? 0n);
  };

  /** Groups with members whose names begin with `prefix`. */
  const active = async (prefix: string): Promise<readonly string[]> => {
    const groups = await admin.listGroups({});
    return [...groups.values()]
      .filter(({ id, state }) => id.startsWith(prefix) && !idle.some((each) => each === state))
      .map(({ id }) => id)
      .sort();
  };

  return {
    /** Where each of the first `partitions` ends now. */
    ends: (topic: string, partitions: number): Promise<readonly bigint[]> =>
      ask(`say where ${topic} ends`, () => edges(topic, partitions, ListOffsetTimestamps.LATEST)),

    /** Which groups there are that somebody reads for, and which of them are not done up to `ends`. */
    async standing(
      topic: string,
      prefix: string,
      ends: readonly bigint[],
    ): Promise<{ readonly groups: readonly string[]; readonly behind: readonly Behind[] }> {
      return ask(`say how far the groups of ${topic} are`, async () => {
        const groups = await active(prefix);
        if (groups.length === 0) return { groups, behind: [] };
        const [offsets, first] = await Promise.all([
          admin.listConsumerGroupOffsets({ groups: [...groups] }),
          edges(topic, ends.length, ListOffsetTimestamps.EARLIEST),
        ]);
        const behind = groups.map((group) => {
          const of = offsets
            .find(({ groupId }) => groupId === group)
            ?.topics.find(({ name }) => name === topic);
          const done = new Map(
            of?.partitions.map((each) => [each.partitionIndex, each.committedOffset]) ?? [],
          );
          const left = ends.map((end, at) => end - most(done.get(at) ?? 0n, first[at] ?? 0n));
          return { group, records: left.reduce((sum, each) => sum + (each > 0n ? each : 0n), 0n) };
        });
        return { groups, behind: behind.filter(({ records }) => records > 0n) };
      });
    },

    close: () => admin.close(),
  };
}

const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
