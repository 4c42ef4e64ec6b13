import { type Consumer, offsetCommitV8, offsetFetchV9 } from "@platformatic/kafka";
import type { LogStart, Progress } from "./log.ts";

type GroupOptions = { readonly consumer: Consumer; readonly group: string; readonly topic: string };

/** Who commits: the broker refuses a member of another generation than the group's present one. */
export type Holder = { readonly generation: number; readonly memberId: string };

const earliest = -2n;
const latest = -1n;

/** What a group has committed for one topic. */
export function kafkaOffsets({ consumer, group, topic }: GroupOptions) {
  const coordinator = async () => {
    const id = await consumer.findGroupCoordinator();
    const { brokers } = await consumer.metadata({ topics: [topic] });
    const broker = brokers.get(id);
    if (broker === undefined) throw new Error(`the coordinator of ${group} is not among the brokers`);
    return consumer.connections.get(broker);
  };

  const commit = async (holder: Holder, progress: ReadonlyMap<number, Progress>): Promise<void> => {
    const partitions = [...progress].map(([partitionIndex, { offset, note }]) => ({
      partitionIndex,
      committedOffset: offset,
      committedLeaderEpoch: -1,
      committedMetadata: note === "" ? null : note,
    }));
    const topics = [{ name: topic, partitions }];
    const connection = await coordinator();
    await offsetCommitV8.api.async(connection, group, holder.generation, holder.memberId, null, topics);
  };

  const committed = async (partitionIndexes: number[]): Promise<Map<number, Progress>> => {
    const asked = {
      groupId: group,
      memberId: null,
      memberEpoch: -1,
      topics: [{ name: topic, partitionIndexes }],
    };
    const { groups } = await offsetFetchV9.api.async(await coordinator(), [asked], false);
    const partitions = groups.flatMap(({ topics }) => topics.flatMap((found) => found.partitions));
    return new Map(
      partitions
        .filter(({ committedOffset }) => committedOffset >= 0n)
        .map(({ partitionIndex, committedOffset, metadata }) => [
          partitionIndex,
          { offset: committedOffset, note: metadata ?? "" },
        ]),
    );
  };

  const edge = async (timestamp: bigint): Promise<readonly bigint[]> =>
    (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic) ?? [];

  const everyPartition = async (): Promise<number[]> => {
    const { topics } = await consumer.metadata({ topics: [topic] });
    return Array.from({ length: topics.get(topic)?.partitionsCount ?? 0 }, (_, partition) => partition);
  };

  const beginning = async (
    partitions: readonly number[],
    start: LogStart,
  ): Promise<Map<number, Progress>> => {
    const [ends, found] = await Promise.all([edge(latest), edge(timestampOf(start))]);
    const note = typeof start === "string" ? "" : start.note;
    // Where nothing is that young yet, what comes next is.
    const at = (partition: number) => {
      const offset = found[partition] ?? -1n;
      return offset >= 0n ? offset : (ends[partition] ?? 0n);
    };
    return new Map(partitions.map((partition) => [partition, { offset: at(partition), note }]));
  };

  return {
    commit,

    /**
     * Where the group stands in each. A group that never stood anywhere begins at `start`, in all partitions
     * at once and by whoever has the first one; `undefined`: that one has not begun it yet. A partition that
     * is younger than the group is read from its first record.
     */
    async standing(
      holder: Holder,
      partitions: readonly number[],
      start: LogStart,
    ): Promise<Map<number, Progress> | undefined> {
      if (partitions.length === 0) return new Map();
      // What is known of the topic may be older than the assignment: what is not asked for would begin anew.
      const all = [...new Set([...(await everyPartition()), ...partitions])];
      const known = await committed(all);
      const unknown = partitions.filter((partition) => !known.has(partition));
      if (unknown.length === 0) return known;
      if (known.size === 0 && !partitions.includes(0)) return undefined;
      const begun = known.size === 0 ? await beginning(all, start) : await beginning(unknown, "earliest");
      await commit(holder, begun);
      return new Map([...known, ...begun]);
    },

    /** Below it everything is done by the group, or gone from the topic. */
    async reached(count: number): Promise<readonly bigint[]> {
      const partitions = Array.from({ length: count }, (_, partition) => partition);
      const [known, first] = await Promise.all([committed(partitions), edge(earliest)]);
      return partitions.map((partition) => {
        const [done, oldest] = [known.get(partition)?.offset ?? 0n, first[partition] ?? 0n];
        return done > oldest ? done : oldest;
      });
    },
  };
}

function timestampOf(start: LogStart): bigint {
  if (start === "earliest") return earliest;
  return start === "latest" ? latest : BigInt(start.atMs);
}
