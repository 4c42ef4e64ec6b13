import { Producer } from "@platformatic/kafka";
import { PrismError } from "../domain/errors.ts";
import { type KafkaCluster, kafkaConnection } from "./kafka-connection.ts";
import { isTooLarge, kafkaFailure, writtenDespite } from "./kafka-errors.ts";
import { kafkaMessage, wireBytes } from "./kafka-records.ts";
import type { LogPosition, NewRecord, Placement } from "./log.ts";
import { partitionOf } from "./murmur2.ts";

export type KafkaTopic = KafkaCluster & {
  /** Client quotas bind to it. */
  readonly clientId: string;
  readonly topic: string;
};

type Waiting = {
  readonly record: NewRecord;
  readonly bytes: number;
  readonly resolve: (position: LogPosition) => void;
  readonly reject: (error: unknown) => void;
};
type Placed = Waiting & { readonly partition: number };

const batchRecords = 1_000;
const batchBytes = 4 * 1024 * 1024;
// A broker holds its limit (1 MiB unless told otherwise) against all that one request brings for one partition.
const partitionBytes = 512 * 1024;
const waitingRecords = 20_000;
const waitingBytes = 64 * 1024 * 1024;

/**
 * Publishes to one topic, acknowledged by all in-sync replicas. Calls that wait for one
 * another go out together: one request is in flight at a time, and whoever comes meanwhile
 * is in the next one. That, and the producer's sequence numbers, keep the order of calls
 * over retries.
 */
export function kafkaPublisher(options: KafkaTopic) {
  const { clientId, topic } = options;
  const producer = new Producer({
    clientId,
    ...kafkaConnection(options),
    idempotent: true,
    connectTimeout: 2_000,
    requestTimeout: 7_000,
    timeout: 5_000,
    retries: 2,
    retryDelay: 200,
  });
  const waiting: Waiting[] = [];
  let bytesWaiting = 0;
  let sending: Promise<void> | undefined;
  let turn = 0;

  const place = (record: NewRecord, partitions: number): number =>
    placeOf(record, partitions) ?? turn++ % (record.partitions ?? partitions);

  const takeBatch = (partitions: number): readonly Placed[] => {
    const ofPartition = new Map<number, number>();
    const batch: Placed[] = [];
    let total = 0;
    for (const next of waiting) {
      const partition = place(next.record, partitions);
      const bytes = (ofPartition.get(partition) ?? 0) + next.bytes;
      const full = batch.length >= batchRecords || total + next.bytes > batchBytes || bytes > partitionBytes;
      // The first one always goes: whether it is too large is the broker's to say.
      if (full && batch.length > 0) break;
      ofPartition.set(partition, bytes);
      total += next.bytes;
      batch.push({ ...next, partition });
    }
    bytesWaiting -= total;
    waiting.splice(0, batch.length);
    return batch;
  };

  const send = async (batch: readonly Placed[]): Promise<void> => {
    try {
      const messages = batch.map(({ record, partition }) => kafkaMessage(topic, record, partition));
      const { offsets } = await producer.send({ messages });
      answer(batch, offsets ?? []);
    } catch (error) {
      const left = answer(batch, writtenDespite(error));
      // One record too many must not refuse its neighbours.
      if (isTooLarge(error) && batch.length > 1) for (const one of left) await send([one]);
      else for (const { reject } of left) reject(kafkaFailure("publish", error));
    }
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      try {
        const partitions = await partitionCount(producer, topic);
        await send(takeBatch(partitions));
      } catch (error) {
        bytesWaiting = 0;
        for (const { reject } of waiting.splice(0)) reject(error);
      }
    }
    sending = undefined;
  };

  return {
    async append(record: NewRecord): Promise<LogPosition> {
      if (waiting.length >= waitingRecords || bytesWaiting >= waitingBytes) throw overwhelmed();
      return new Promise((resolve, reject) => {
        const bytes = wireBytes(record);
        waiting.push({ record, bytes, resolve, reject });
        bytesWaiting += bytes;
        // After the events at hand, so that whatever has arrived together leaves together.
        sending ??= new Promise((soon) => setImmediate(soon)).then(drain);
      });
    },

    async write(records: readonly NewRecord[]): Promise<void> {
      const least = records.reduce((most, record) => Math.max(most, record.partitions ?? 0), 0);
      const partitions = await partitionCount(producer, topic, least);
      for (const batch of inRequests(records, (record) => place(record, partitions))) {
        const messages = batch.map(({ record, partition }) => kafkaMessage(topic, record, partition));
        await producer.send({ messages }).catch((error: unknown) => {
          throw kafkaFailure("write", error);
        });
      }
    },

    async close(): Promise<void> {
      await sending;
      await producer.close();
    },
  };
}

/** `undefined`: any partition, in turn. */
export function placeOf({ placedBy, turn, partitions }: Placement, all: number): number | undefined {
  const over = partitions ?? all;
  if (placedBy !== undefined) return partitionOf(placedBy, over);
  return turn === undefined ? undefined : Number(turn % BigInt(over));
}

type Targeted = { readonly record: NewRecord; readonly partition: number };

/** In their order, cut where a request would be more than brokers take. */
function* inRequests(
  records: readonly NewRecord[],
  place: (record: NewRecord) => number,
): Generator<readonly Targeted[]> {
  let batch: Targeted[] = [];
  let bytes = new Map<number, number>();
  for (const record of records) {
    const partition = place(record);
    const filled = (bytes.get(partition) ?? 0) + wireBytes(record);
    if (batch.length > 0 && (filled > partitionBytes || batch.length >= batchRecords)) {
      yield batch;
      batch = [];
      bytes = new Map();
    }
    bytes.set(partition, bytes.size === 0 ? wireBytes(record) : filled);
    batch.push({ record, partition });
  }
  if (batch.length > 0) yield batch;
}

type Offsets = readonly { readonly partition: number; readonly offset: bigint }[];

/**
 * The answer names the first offset of each partition; the others follow in the order of
 * the request. Returns those whose partition the answer does not name.
 */
function answer(batch: readonly Placed[], offsets: Offsets): readonly Placed[] {
  const next = new Map(offsets.map(({ partition, offset }) => [partition, offset]));
  return batch.filter(({ partition, resolve }) => {
    const offset = next.get(partition);
    if (offset === undefined) return true;
    next.set(partition, offset + 1n);
    resolve({ partition, offset });
    return false;
  });
}

async function partitionCount(producer: Producer, topic: string, least = 1): Promise<number> {
  const ask = async (forceUpdate: boolean) =>
    (await producer.metadata({ topics: [topic], forceUpdate })).topics.get(topic)?.partitionsCount ?? 0;
  try {
    const known = await ask(false);
    // What was known for a while may be fewer than there are by now.
    const partitions = known < least ? await ask(true) : known;
    if (partitions < Math.max(1, least)) throw new Error(`topic ${topic} has ${partitions} partitions`);
    return partitions;
  } catch (error) {
    throw kafkaFailure(`look up topic ${topic}`, error);
  }
}

const overwhelmed = (): PrismError =>
  new PrismError("BACKEND_UNAVAILABLE", "could not publish: too much is waiting for Kafka already", {
    details: { backend: "kafka", retry_after_ms: 1_000 },
  });
