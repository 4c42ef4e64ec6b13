import { setTimeout as pause } from "node:timers/promises";
import { ConnectionPool, Consumer } from "@platformatic/kafka";
import { kafkaConnection, kafkaLogin } from "./kafka-connection.ts";
import { isStaleMembership, kafkaFailure } from "./kafka-errors.ts";
import { kafkaFetch, type Positions } from "./kafka-fetch.ts";
import { type Holder, kafkaOffsets } from "./kafka-offsets.ts";
import type { KafkaTopic } from "./kafka-publisher.ts";
import type { LogMember, Membership } from "./log.ts";

/** What this member holds, and as which member of which generation. */
type Share = Holder & { readonly positions: Positions };

// How long a killed proxy's partitions wait for somebody else.
const sessionMs = 10_000;
const rebalanceMs = 10_000;
// How soon the others notice that partitions have to move.
const heartbeatMs = 500;
const revokeMs = 2_000;
const joinMs = 25_000;
const closeMs = 3_000;
const retryMs = 250;
const beginMs = 50;
// How long partitions that nobody has told of go unread.
const countMs = 30_000;

/**
 * A member of a consumer group. The library keeps the membership; positions, fetching and
 * commits are ours, for three reasons: its stream reads on from stale positions when
 * partitions move, its commit repeats itself in the *next* generation, where the partition
 * may be somebody else's, and it commits no metadata.
 */
export async function kafkaMember(
  { clientId, topic, ...cluster }: KafkaTopic,
  { group, start, reader }: Membership,
): Promise<LogMember & { grow(partitions: number): void }> {
  const timeouts = { connectTimeout: 2_000, requestTimeout: rebalanceMs + 5_000 };
  const consumer = new Consumer({
    ...timeouts,
    ...kafkaConnection(cluster),
    clientId,
    groupId: group,
    sessionTimeout: sessionMs,
    rebalanceTimeout: rebalanceMs,
    heartbeatInterval: heartbeatMs,
    retries: 3,
    retryDelay: retryMs,
    // Called before every join, with what has just been asked: the one moment at which a commit still counts
    // for what is held. Another number of partitions is what has the broker deal them out again.
    protocolsMetadata: async (_protocols, _topics, { topics }) => {
      await revoke();
      heardAt = performance.now();
      shared = topics.get(topic)?.partitionsCount ?? 0;
      return Buffer.from(String(shared));
    },
  });
  const connections = new ConnectionPool(clientId, { ...timeouts, ...kafkaLogin(cluster) });
  const stopped = new AbortController();
  const fetching = kafkaFetch({ consumer, connections, topic, reader, signal: stopped.signal });
  const offsets = kafkaOffsets({ consumer, group, topic });
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  let share: Share = { generation: -1, memberId: "", positions: new Map() };
  let turns = 0;
  // How many partitions there were when this member last joined.
  let shared = 0;
  // When it last said something that the broker has heard: a session is counted from there.
  let heardAt = Number.NEGATIVE_INFINITY;
  let beatAt = heardAt;

  const partitionCount = async (): Promise<number> => {
    const { topics } = await consumer.metadata({ topics: [topic], forceUpdate: true });
    return topics.get(topic)?.partitionsCount ?? 0;
  };

  const over = (error: unknown): void => {
    const failure = kafkaFailure(`stay in ${group}`, error);
    ready.reject(failure);
    if (!stopped.signal.aborted) reader.failed(failure);
  };

  const joinAnew = async (): Promise<void> => {
    if (shared === 0 || (await partitionCount()) <= shared) return;
    // The library has ended its heartbeats by then, and says that such a join has failed to nobody else.
    await consumer.joinGroup().catch(over);
  };
  const counting = setInterval(() => joinAnew().catch(() => {}), countMs).unref();

  const revoke = async (): Promise<void> => {
    turns++;
    fetching.assign(new Map());
    if (share.positions.size > 0) await Promise.race([reader.revoking(), pause(revokeMs)]);
  };

  const hold = async (holder: Holder, partitions: readonly number[]): Promise<void> => {
    const turn = ++turns;
    // Only from one generation to the very next can nobody else have held a partition in between.
    const follows = holder.generation === share.generation + 1 || holder.generation === share.generation;
    const retained = partitions.filter((partition) => follows && share.positions.has(partition));
    const others = partitions.filter((partition) => !retained.includes(partition));
    while (turn === turns && !stopped.signal.aborted) {
      try {
        const begun = await offsets.standing(holder, others, start);
        if (turn !== turns || stopped.signal.aborted) return;
        if (begun === undefined) {
          await pause(beginMs, undefined, { ref: false });
          continue;
        }
        const positions: Positions = new Map(
          others.map((partition) => [partition, begun.get(partition)?.offset ?? 0n]),
        );
        for (const partition of retained) positions.set(partition, share.positions.get(partition) ?? 0n);
        share = { ...holder, positions };
        reader.assigned(
          [...positions].map(([partition, position]) => ({
            partition,
            position,
            note: begun.get(partition)?.note ?? "",
            retained: retained.includes(partition),
          })),
        );
        fetching.assign(positions);
        return ready.resolve();
      } catch (error) {
        if (turn === turns && !stopped.signal.aborted) reader.troubled(kafkaFailure(`join ${group}`, error));
        await pause(retryMs, undefined, { ref: false });
      }
    }
  };

  consumer.on("consumer:group:join", ({ generationId, memberId, assignments }) => {
    const partitions = assignments?.find((assignment) => assignment.topic === topic)?.partitions ?? [];
    void hold({ generation: generationId ?? 0, memberId }, partitions);
  });
  consumer.on("consumer:heartbeat:start", () => {
    beatAt = performance.now();
  });
  consumer.on("consumer:heartbeat:end", () => {
    heardAt = beatAt;
  });
  consumer.on("error", over);

  const close = async (): Promise<void> => {
    if (stopped.signal.aborted) return;
    stopped.abort();
    clearInterval(counting);
    fetching.wake();
    const leave = async () => {
      await connections.close();
      await consumer.close(true);
    };
    // A broker that does not answer must not hold up whoever is leaving.
    await Promise.race([leave().catch(() => {}), pause(closeMs, undefined, { ref: false })]);
  };

  try {
    consumer.topics.track(topic);
    // Longer than it takes to give up on a member that has died, and never for ever.
    const late = pause(joinMs, undefined, { ref: false, signal: stopped.signal }).then(() => {
      throw new Error(`no partitions within ${joinMs} ms`);
    });
    late.catch(() => {});
    await Promise.race([consumer.joinGroup().then(() => ready.promise), late]);
  } catch (error) {
    await close();
    throw kafkaFailure(`join ${group}`, error);
  }
  return {
    async commit(done) {
      const { generation, memberId, positions } = share;
      const held = new Map([...done].filter(([partition]) => positions.has(partition)));
      if (held.size === 0) return true;
      try {
        await offsets.commit({ generation, memberId }, held);
        return true;
      } catch (error) {
        if (isStaleMembership(error)) return false;
        throw kafkaFailure(`commit for ${group}`, error);
      }
    },
    async standing(partitions) {
      return offsets.reached(partitions).catch((error: unknown) => {
        throw kafkaFailure(`look how far ${group} is`, error);
      });
    },
    grow(partitions) {
      const until = async (): Promise<void> => {
        // Not every broker knows of them at once.
        while (!stopped.signal.aborted && shared < partitions) {
          await joinAnew().catch((error: unknown) => reader.troubled(kafkaFailure(`share ${topic}`, error)));
          await pause(retryMs, undefined, { ref: false });
        }
      };
      void until();
    },
    stands: () => performance.now() < heardAt + sessionMs,
    wake: fetching.wake,
    close,
  };
}
