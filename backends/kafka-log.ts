import { Base, ConnectionPool, Consumer } from "@platformatic/kafka";
import { kafkaFailure } from "./kafka-errors.ts";
import { kafkaMember } from "./kafka-member.ts";
import { type KafkaTopic, kafkaPublisher } from "./kafka-publisher.ts";
import { storedRecords } from "./kafka-records.ts";
import type { Log, LogPosition, StoredRecord } from "./log.ts";

const readWaitMs = 500;
const readBytes = 1024 * 1024;

/** One topic as a namespace's log. Connects when first used. */
export function kafkaLog(options: KafkaTopic): Log {
  const publisher = kafkaPublisher(options);
  let reader: ReturnType<typeof kafkaReader> | undefined;
  return {
    append: publisher.append,
    read(position, signal) {
      reader ??= kafkaReader(options);
      return reader.read(position, signal);
    },
    join: (membership) => kafkaMember(options, membership),
    async close() {
      await Promise.all([publisher.close(), reader?.close()]);
    },
  };
}

/** Reads single records without being a member of anything. */
function kafkaReader({ brokers, clientId, topic }: KafkaTopic) {
  const options = { clientId, bootstrapBrokers: [...brokers], connectTimeout: 2_000, requestTimeout: 7_000 };
  // The library asks for a group's name even where nobody joins it.
  const consumer = new Consumer({ ...options, groupId: `${clientId}.reader`, retries: 1, retryDelay: 200 });
  const connections = new ConnectionPool(clientId, options);
  consumer.topics.track(topic);

  const fetchAt = async ({ partition, offset }: LogPosition): Promise<StoredRecord | undefined> => {
    const { topics } = await consumer.metadata({ topics: [topic] });
    const known = topics.get(topic);
    const leader = known?.partitions[partition]?.leader;
    if (known === undefined || leader === undefined) return undefined;
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
    return storedRecords(batches, offset).records.find((record) => record.offset === offset);
  };

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
    async close(): Promise<void> {
      await connections.close();
      await consumer.close();
    },
  };
}

/** Resolves when a broker answers; rejects with `BACKEND_UNAVAILABLE`. */
export function kafkaHealth(brokers: readonly string[], clientId: string) {
  const client = new Base({
    clientId,
    bootstrapBrokers: [...brokers],
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
