import type { NewRecord } from "../backends/log.ts";
import type { LogEntry, NewEntry } from "../backends/write-ahead-log/write-ahead-log.ts";
import type { Message } from "./message.ts";
import { type Around, headersOf, positionHeader } from "./record.ts";

const runLength = 16n;

/** Neighbours of the log lie together: what a broker takes in one request is then in few partitions. */
export const turnOf = (position: bigint): bigint => position / runLength;

/** A message as the log keeps it. */
export const entryOf = ({ id, topic, key, payload, once, ...around }: Message): NewEntry => ({
  id,
  topic,
  key: Buffer.from(key),
  payload,
  metadata: Buffer.from(JSON.stringify(aroundOf(around))),
  once,
});

/** What it takes in memory. */
export const entryBytes = ({
  payload,
  metadata,
  key,
}: Pick<NewEntry, "payload" | "metadata" | "key">): number =>
  payload.byteLength + metadata.byteLength + key.byteLength;

/**
 * What the log keeps as the backend holds it: with its position, and placed by that where no key decides.
 * `partitions`: over how many; `undefined`: over as many as there are.
 */
export function relayedRecord(entry: LogEntry, ordered: boolean, partitions?: number): NewRecord {
  const { id, topic, payload, position, recordedAtMs } = entry;
  const headers = headersOf(id, topic, JSON.parse(asText(entry.metadata)) as Around);
  headers.set(positionHeader, String(position));
  const key = entry.key.byteLength === 0 ? undefined : entry.key;
  return {
    key,
    placedBy: key ?? (ordered ? Buffer.from(topic) : undefined),
    value: payload,
    headers,
    // The time of the log: along positions it never goes back, so that a time is a place.
    timestampMs: recordedAtMs,
    turn: turnOf(position),
    ...(partitions === undefined ? {} : { partitions }),
  };
}

const asText = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("utf8");

const aroundOf = ({ metadata, headers, publishedAtMs }: Around): Around => ({
  metadata,
  headers,
  publishedAtMs,
});
