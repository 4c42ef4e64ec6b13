import type { LogPosition, LogRecord, NewRecord } from "../backends/log.ts";
import type { Delivered, Message } from "./message.ts";

// Raised when the meaning of a header changes, so that an old record is read as what it was.
const formatVersion = "1";
/** Where a message is in its namespace's log: increases along each partition, but for what was sent twice. */
export const positionHeader = "prism-position";
const own = {
  id: "prism-id",
  topic: "prism-topic",
  publishedAt: "prism-published-at",
  version: "prism-v",
  position: positionHeader,
};
const reserved = "prism-";
const text = new TextEncoder();

/** What lies around a payload. */
export type Around = Pick<Message, "metadata" | "headers" | "publishedAtMs">;

/**
 * A message as the log holds it. Where the order of a key is promised, the key decides the
 * partition, and without one the topic does; else messages without key go round.
 */
export function recordOf(message: Message, ordered: boolean): NewRecord {
  const key = message.key === "" ? undefined : text.encode(message.key);
  return {
    key,
    placedBy: key ?? (ordered ? text.encode(message.topic) : undefined),
    value: message.payload,
    headers: headersOf(message.id, message.topic, message),
    timestampMs: message.publishedAtMs,
    // Whoever looks for it later knows where.
    ...(message.once ? { turn: turnOf(message.id) } : {}),
  };
}

const turnOf = (id: string): bigint => BigInt(`0x${id.slice(0, 8)}`);

/** The publisher's own, what patterns add, and what makes it a message. */
export function headersOf(id: string, topic: string, around: Around): Map<string, string> {
  const headers = new Map<string, string>();
  for (const name in around.metadata) headers.set(name, around.metadata[name] ?? "");
  for (const name in around.headers) headers.set(name, around.headers[name] ?? "");
  headers.set(own.id, id);
  headers.set(own.topic, topic);
  headers.set(own.publishedAt, new Date(around.publishedAtMs).toISOString());
  headers.set(own.version, formatVersion);
  return headers;
}

/** `undefined` where the record is none of ours: somebody wrote past Prism. */
export function messageOf(record: LogRecord, position: LogPosition): Delivered | undefined {
  const id = record.headers.get(own.id);
  const topic = record.headers.get(own.topic);
  if (id === undefined || topic === undefined) return undefined;
  const metadata: Record<string, string> = {};
  const headers: Record<string, string> = {};
  const known = Object.values(own);
  for (const [name, value] of record.headers) {
    if (!name.startsWith(reserved)) metadata[name] = value;
    else if (!known.includes(name)) headers[name] = value;
  }
  const inLog = logPositionOf(record);
  const publishedAtMs = Date.parse(record.headers.get(own.publishedAt) ?? "");
  return {
    id,
    topic,
    key: record.key === undefined ? "" : Buffer.from(record.key).toString("utf8"),
    payload: record.value,
    metadata,
    headers,
    publishedAtMs: Number.isNaN(publishedAtMs) ? record.timestampMs : publishedAtMs,
    offset: inLog === undefined ? offsetOf(position) : logOffset(inLog),
  };
}

export const idIn = (record: LogRecord): string | undefined => record.headers.get(own.id);

export const topicOf = (record: LogRecord): string | undefined => record.headers.get(own.topic);

/** `undefined`: it did not come through a log. */
export function logPositionOf(record: LogRecord): bigint | undefined {
  const text = record.headers.get(positionHeader);
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}

/** An offset's letter says which kind of position it is: `w` of the namespace's log, `k` of Kafka. */
export const logOffset = (position: bigint): string => `w.${position}`;

export function parseLogOffset(offset: string): bigint | undefined {
  const [, position] = /^w\.(\d{1,19})$/.exec(offset) ?? [];
  return position === undefined ? undefined : BigInt(position);
}

export const offsetOf = ({ partition, offset }: LogPosition): string => `k.${partition}.${offset}`;

export function positionOf(offset: string): LogPosition | undefined {
  const [, partition, at] = /^k\.(\d{1,9})\.(\d{1,19})$/.exec(offset) ?? [];
  return partition === undefined || at === undefined
    ? undefined
    : { partition: Number(partition), offset: BigInt(at) };
}
