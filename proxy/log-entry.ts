import type { NewRecord } from "../backends/log.ts";
import type { LogEntry, NewEntry } from "../backends/write-ahead-log/write-ahead-log.ts";
import type { Message } from "./message.ts";
import { positionHeader, recordOf } from "./record.ts";

type Around = Pick<Message, "metadata" | "headers" | "publishedAtMs">;

/** A message as the log keeps it. */
export const entryOf = ({ id, topic, key, payload, once, ...around }: Message): NewEntry => ({
  id,
  topic,
  key: Buffer.from(key),
  payload,
  metadata: Buffer.from(JSON.stringify(aroundOf(around))),
  once,
});

/** What the log keeps as the backend holds it: with its position, and placed by that where no key decides. */
export function relayedRecord(entry: LogEntry, ordered: boolean): NewRecord {
  const { id, topic, key, payload, position, recordedAtMs } = entry;
  const around = JSON.parse(Buffer.from(entry.metadata).toString("utf8")) as Around;
  const message = { id, topic, key: Buffer.from(key).toString("utf8"), payload, once: false, ...around };
  const headers = { ...around.headers, [positionHeader]: String(position) };
  // The time of the log: along positions it never goes back, so that a time is a place.
  return { ...recordOf({ ...message, headers }, ordered), timestampMs: recordedAtMs, turn: position };
}

const aroundOf = ({ metadata, headers, publishedAtMs }: Around): Around => ({
  metadata,
  headers,
  publishedAtMs,
});
