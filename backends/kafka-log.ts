import { setTimeout as pause } from "node:timers/promises";
import { Base, ConnectionPool, Consumer } from "@platformatic/kafka";
import { type KafkaCluster, kafkaConnection } from "./kafka-connection.ts";
import { isUnsettled, kafkaFailure } from "./kafka-errors.ts";
import { kafkaMember } from "./kafka-member.ts";
import { type KafkaTopic, kafkaPublisher, placeOf } from "./kafka-publisher.ts";
import { storedRecords } from "./kafka-records.ts";
import type { Log, LogPosition, Placement, StoredRecord } from "./log.ts";

const readWaitMs = 500;
const readBytes = 1024 * 1024;
const latest = -1n;
const seekMs = 10_000;
const lookAgainMs = 50;

type Fetched = { readonly records: readonly StoredRecord[]; readonly next: bigint };

/** One topic as a namespace's log. Connects when first used. */
export function kafkaLog(options: KafkaTopic): Log {
  const publisher = kafkaPublisher(options);
  let opened: ReturnType<typeof kafkaReader> | undefined;
  const reader = () => (opened ??= kafkaReader(options));
  const members = new Set<{ grow(partitions: number): void }>();
  let least = 0;
  return {
    append: publisher.append,
    write: publisher.write,
    read: (position, signal) => reader().read(position, signal),
    find: (wanted, isIt, signal) => reader().find(wanted, isIt, signal),
    seek: (wanted, isIt) => reader().seek(wanted, isIt),
    async join(membership) {
      const member = await kafkaMember(options, membership);
      members.add(member);
      // It may have counted while they were being added.
      member.grow(least);
      const close = (): Promise<void> => {
        members.delete(member);
        return member.close();
      };
      return { ...member, close };
    },
    grow(partitions) {
      least = partitions;
      for (const member of members) member.grow(partitions);
    },
    async close() {
      await Promise.all([publisher.close(), opened?.close()]);
    },
  };
}

/** Reads single records without being a member of anything. */
function kafkaReader({ clientId, topic, ...cluster }: KafkaTopic) {
  const options = { clientId, ...kafkaConnection(cluster), connectTimeout: 2_000, requestTimeout: 7_000 };
  // The library asks for a group's name even where nobody joins it.
  const consumer = new Consumer({ ...options, groupId: `${clientId}.reader`, retries: 1, retryDelay: 200 });
  const connections = new ConnectionPool(clientId, options);
  consumer.topics.track(topic);

  const fetchFrom = async ({ partition, offset }: LogPosition): Promise<Fetched> => {
    const { topics } = await consumer.metadata({ topics: [topic] });
    const known = topics.get(topic);
    const leader = known?.partitions[partition]?.leader;
    if (known === undefined || leader === undefined || leader < 0) {
      // No broker tells when it knows: asking on at once would let nothing else have its turn.
      await pause(lookAgainMs);
      await consumer.metadata({ topics: [topic], forceUpdate: true });
      return { records: [], next: offset };
    }
    const wanted = {
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: offset,
      lastFetchedEpoch: -1,
      partitionMaxBytes: readBytes,
    };
    const { responses } = await consumer.fetch({
      node: leader,
      topics: [{ topicId: known.id, partitions: [wanted] }],
      maxWaitTime: readWaitMs,
      connectionPool: connections,
    });
    const batches = responses.flatMap(({ partitions }) => partitions.flatMap(({ records }) => records ?? []));
    return storedRecords(batches, offset);
  };

  const edge = async (timestamp: bigint) =>
    (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic) ?? [];

  /** A topic that was made a moment ago has partitions whose leader does not know of it yet. */
  const edges = async (timestamps: readonly bigint[], over: () => boolean) => {
    for (;;) {
      try {
        return await Promise.all(timestamps.map(edge));
      } catch (error) {
        if (over() || !isUnsettled(error)) throw error;
        await pause(lookAgainMs);
        await consumer.metadata({ topics: [topic], forceUpdate: true });
      }
    }
  };

  /** In which partition it belongs, from where on what is not older than it lies there, and where that ends now. */
  const placeSince = async (wanted: Placement & { readonly timestampMs: number }, over: () => boolean) => {
    const [ends = [], since = []] = await edges([latest, BigInt(wanted.timestampMs)], over);
    const partition = placeOf(wanted, ends.length) ?? 0;
    const [young = latest, end = 0n] = [since[partition], ends[partition]];
    return { partition, from: young >= 0n ? young : end, end };
  };

  const fetchAt = async (position: LogPosition): Promise<StoredRecord | undefined> =>
    (await fetchFrom(position)).records.find(({ offset }) => offset === position.offset);

  return {
    async read(position: LogPosition, signal: AbortSignal): Promise<StoredRecord | undefined> {
      try {
        // A record is answered for before every reader may see it: the high watermark follows.
        for (;;) {
          const record = await fetchAt(position);
          if (record !== undefined || signal.aborted) return record;
        }
      } catch (error) {
        throw kafkaFailure(`read ${topic} at ${position.partition}.${position.offset}`, error);
      }
    },
    async find(
      wanted: Placement & { readonly timestampMs: number },
      isIt: (record: StoredRecord) => boolean,
      signal: AbortSignal,
    ): Promise<StoredRecord | undefined> {
      try {
        const { partition, from } = await placeSince(wanted, () => signal.aborted);
        for (let offset = from; ; ) {
          const { records } = await fetchFrom({ partition, offset });
          const found = records.find(isIt);
          if (found !== undefined || signal.aborted) return found;
          offset = (records.at(-1)?.offset ?? offset - 1n) + 1n;
        }
      } catch (error) {
        throw kafkaFailure(`search ${topic}`, error);
      }
    },
    async seek(
      wanted: Placement & { readonly timestampMs: number },
      isIt: (record: StoredRecord) => boolean,
    ): Promise<LogPosition | undefined> {
      try {
        const until = performance.now() + seekMs;
        const over = () => performance.now() > until;
        const { partition, from, end } = await placeSince(wanted, over);
        for (let offset = from; offset < end; ) {
          const { records, next } = await fetchFrom({ partition, offset });
          const found = records.find(isIt);
          if (found !== undefined) return { partition, offset: found.offset };
          if (over()) throw new Error(`it took longer than ${seekMs} ms`);
          offset = next;
        }
        return undefined;
      } catch (error) {
        throw kafkaFailure(`search ${topic}`, error);
      }
    },
    async close(): Promise<void> {
      await connections.close();
      await consumer.close();
    },
  };
}

/** Resolves when a broker answers; rejects with `BACKEND_UNAVAILABLE`. */
export function kafkaHealth(cluster: KafkaCluster, clientId: string) {
  const client = new Base({
    clientId,
    ...kafkaConnection(cluster),
    connectTimeout: 1_000,
    requestTimeout: 2_000,
    retries: 0,
  });
  return {
    async check(): Promise<void> {
      await client.metadata({ topics: [], forceUpdate: true, retries: 0 }).catch((error: unknown) => {
        throw kafkaFailure("ask Kafka how it is", error);
      });
    },
    close: () => client.close(),
  };
}
