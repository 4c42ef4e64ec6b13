import { canonicalJson, type Json } from "../domain/json.ts";
import { type NewEvent, StoreError } from "./event-store.ts";

/** What a store accepts at once; the same in every adapter, so that a plan tested on one fits the others. */
const appendLimits = {
  /** Data and metadata of one event, as canonical JSON in UTF-8. */
  eventBytes: 4 * 1024 * 1024,
  appendBytes: 16 * 1024 * 1024,
  appendEvents: 10_000,
  /** Of a stream name or an event type, in UTF-8: an index entry must hold them. */
  nameBytes: 500,
} as const;

/** A checked event with the very text that is stored and hashed. */
export type PreparedEvent = {
  readonly id: string;
  readonly type: string;
  readonly dataText: string;
  readonly metadataText: string;
  readonly bytes: number;
};

const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Checks an append before any adapter sees it, and fixes its text.
 *
 * Refuses with `InvalidEvent` what JSON or a store would change on the way (binary, bigint, NaN,
 * `undefined` in a list, text with NUL or half a surrogate pair), with `EventTooLarge` what is over a limit.
 */
export function prepareAppend(stream: string, events: readonly NewEvent[]): readonly PreparedEvent[] {
  checkName("stream name", stream);
  if (stream.startsWith("$"))
    throw invalid(`stream '${stream}': names that begin with $ are the store's own`);
  if (events.length > appendLimits.appendEvents) {
    throw tooLarge(`append to '${stream}': ${events.length} events, at most ${appendLimits.appendEvents}`);
  }
  const prepared = events.map(prepareEvent);
  const bytes = prepared.reduce((sum, event) => sum + event.bytes, 0);
  if (bytes > appendLimits.appendBytes) {
    throw tooLarge(`append to '${stream}': ${bytes} bytes, at most ${appendLimits.appendBytes}`);
  }
  return prepared;
}

function prepareEvent({ id, type, data, metadata }: NewEvent): PreparedEvent {
  if (!canonicalUuid.test(id)) throw invalid(`event id '${id}' is not a UUID in lower case`);
  checkName("event type", type);
  checkJson(data, `${type}.data`);
  checkJson(metadata, `${type}.metadata`);
  const dataText = canonicalJson(data);
  const metadataText = canonicalJson(metadata);
  const bytes = Buffer.byteLength(dataText) + Buffer.byteLength(metadataText);
  if (bytes > appendLimits.eventBytes) {
    throw tooLarge(`event ${id} (${type}): ${bytes} bytes, at most ${appendLimits.eventBytes}`);
  }
  return { id, type, dataText, metadataText, bytes };
}

function checkName(what: string, name: string): void {
  if (name === "") throw invalid(`${what} is empty`);
  if (Buffer.byteLength(name) > appendLimits.nameBytes) {
    throw invalid(`${what} '${name.slice(0, 40)}…' is longer than ${appendLimits.nameBytes} bytes`);
  }
  if (!isText(name)) throw invalid(`${what} holds NUL or half a surrogate pair`);
}

const isText = (text: string): boolean => text.isWellFormed() && !text.includes("\u0000");

function checkJson(value: unknown, path: string): asserts value is Json {
  if (value === null || typeof value === "boolean") return;
  if (typeof value === "string") {
    if (!isText(value)) throw invalid(`${path} holds NUL or half a surrogate pair`);
  } else if (typeof value === "number") {
    if (!Number.isFinite(value)) throw invalid(`${path} is ${value}, which JSON cannot hold`);
  } else if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) checkJson(member, `${path}[${index}]`);
  } else if (isPlainObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (!isText(key)) throw invalid(`a key of ${path} holds NUL or half a surrogate pair`);
      if (member !== undefined) checkJson(member, `${path}.${key}`);
    }
  } else {
    throw invalid(`${path} is no plain JSON: ${Object.prototype.toString.call(value)}`);
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const invalid = (message: string) => new StoreError("InvalidEvent", message);
const tooLarge = (message: string) => new StoreError("EventTooLarge", message);
