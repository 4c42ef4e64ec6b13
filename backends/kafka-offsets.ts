import { type Consumer, offsetCommitV8 } from "@platformatic/kafka";
import type { Positions } from "./kafka-fetch.ts";

type GroupOptions = { readonly consumer: Consumer; readonly group: string; readonly topic: string };

/** Who commits: the broker refuses a member of another generation than the group's present one. */
export type Holder = { readonly generation: number; readonly memberId: string };

const timestampOf = { earliest: -2n, latest: -1n };

/** What a group has committed for one topic. */
export function kafkaOffsets({ consumer, group, topic }: GroupOptions) {
  const commit = async (holder: Holder, offsets: ReadonlyMap<number, bigint>): Promise<void> => {
    const coordinator = await consumer.findGroupCoordinator();
    const { brokers } = await consumer.metadata({ topics: [topic] });
    const broker = brokers.get(coordinator);
    if (broker === undefined) throw new Error(`the coordinator of ${group} is not among the brokers`);
    const partitions = [...offsets].map(([partitionIndex, committedOffset]) => ({
      partitionIndex,
      committedOffset,
      committedLeaderEpoch: -1,
      committedMetadata: null,
    }));
    const connection = await consumer.connections.get(broker);
    await offsetCommitV8.api.async(connection, group, holder.generation, holder.memberId, null, [
      { name: topic, partitions },
    ]);
  };

  return {
    commit,

    /** Where the group stands in each; a group that never stood there stands at `start` from now on. */
    async standing(
      holder: Holder,
      partitions: readonly number[],
      start: keyof typeof timestampOf,
    ): Promise<Positions> {
      if (partitions.length === 0) return new Map();
      const asked = [{ topic, partitions: [...partitions] }];
      const committed = (await consumer.listCommittedOffsets({ topics: asked })).get(topic);
      const positions: Positions = new Map();
      for (const partition of partitions) {
        const offset = committed?.[partition] ?? -1n;
        if (offset >= 0n) positions.set(partition, offset);
      }
      const unknown = partitions.filter((partition) => !positions.has(partition));
      if (unknown.length === 0) return positions;
      const edges = await consumer.listOffsets({ topics: [topic], timestamp: timestampOf[start] });
      const begun = new Map(unknown.map((partition) => [partition, edges.get(topic)?.[partition] ?? 0n]));
      await commit(holder, begun);
      return new Map([...positions, ...begun]);
    },
  };
}
