import type { MessageToProduce, RecordsBatch } from "@platformatic/kafka";
import type { NewRecord, StoredRecord } from "./log.ts";

// Varint lengths, timestamp and offset deltas of one record or header, generously.
const overheadBytes = 64;
// Attribute bit of batches that only mark the end of a transaction.
const controlBatch = 1 << 5;

export function kafkaMessage(topic: string, record: NewRecord, partition: number): MessageToProduce {
  const headers = new Map<Buffer, Buffer>();
  for (const [name, value] of record.headers) headers.set(nameBytes(name), Buffer.from(value));
  return {
    topic,
    partition,
    ...(record.key === undefined ? {} : { key: asBuffer(record.key) }),
    value: asBuffer(record.value),
    headers,
    timestamp: BigInt(record.timestampMs),
  };
}

const names = new Map<string, Buffer>();
const mostNames = 1_000;

/** Messages have the same few names, over and over. */
function nameBytes(name: string): Buffer {
  const known = names.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.from(name);
  if (names.size < mostNames) names.set(name, bytes);
  return bytes;
}

/** What a record takes on the wire, at most. */
export function wireBytes(record: NewRecord): number {
  let bytes = record.value.byteLength + (record.key?.byteLength ?? 0) + overheadBytes;
  for (const [name, value] of record.headers) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + overheadBytes;
  }
  return bytes;
}

/**
 * The records of one partition from `from` on, and where reading goes on. A fetch begins
 * with the whole batch in which `from` lies, so that earlier records come along.
 */
export function storedRecords(
  batches: readonly RecordsBatch[],
  from: bigint,
): { records: readonly StoredRecord[]; next: bigint } {
  const records: StoredRecord[] = [];
  let next = from;
  for (const batch of batches) {
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if (end > next) next = end;
    if ((batch.attributes & controlBatch) !== 0) continue;
    for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
      const offset = batch.firstOffset + BigInt(offsetDelta);
      if (offset < from) continue;
      records.push({
        offset,
        key: key ?? undefined,
        value: value ?? new Uint8Array(),
        headers: new Map(headers.map(([name, text]) => [String(name ?? ""), String(text ?? "")])),
        timestampMs: Number(batch.firstTimestamp + timestampDelta),
      });
    }
  }
  return { records, next };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
