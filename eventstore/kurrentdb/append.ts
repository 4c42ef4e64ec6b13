import type { JSONEventType } from "@kurrent/kurrentdb-client";
import type { RecordedEvent } from "../../domain/event.ts";
import { type Append, decideAppend, type LogEnd } from "../decide-append.ts";
import { StoreError } from "../event-store.ts";
import type { KurrentClient } from "./client.ts";
import { recordedEvent, type StoredMetadata } from "./recorded.ts";
import { hasKind, isWrongVersion, storeError } from "./store-error.ts";

/** How often an append that expects nothing exact is decided anew because another one came first. */
const attempts = 50;

/**
 * Appends at the exact revision that was read, whatever the caller expects: the hash of the event before is part
 * of the new one. The server then refuses whoever came second, who reads and decides again.
 */
export async function append(
  client: KurrentClient,
  wanted: Append,
  clock: () => Date,
): Promise<readonly RecordedEvent[]> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const last = await lastEvent(client, wanted.stream);
    const log = logEnd(wanted.stream, last);
    for (const event of await alreadyThere(client, wanted, last)) log.byId.set(event.id, event);
    const verdict = decideAppend(log, wanted, clock());
    if (verdict.kind === "refused") throw verdict.error;
    if (verdict.kind === "repeated") return verdict.events;
    // What stands there is answered, not what was sent: a repeat that ran beside this one may have written it.
    const [first] = verdict.events;
    if (await write(client, wanted.stream, verdict.events, last?.revision)) {
      return readBetween(client, wanted.stream, first?.revision ?? 0n, verdict.events.length);
    }
  }
  throw new StoreError(
    "StoreUnavailable",
    `append to '${wanted.stream}': others were first ${attempts} times`,
  );
}

/** Where the stream ends; the log's own end is not known here, and not needed: the server assigns positions. */
function logEnd(stream: string, last: RecordedEvent | undefined): LogEnd {
  const streams: LogEnd["streams"] = new Map();
  if (last !== undefined) streams.set(stream, last);
  return { position: 0n, recordedAt: last?.recordedAt ?? new Date(0), streams, byId: new Map() };
}

/** What stands where an append with an exact revision would have put its events, if it was made before. */
async function alreadyThere(
  client: KurrentClient,
  { stream, expected, events }: Append,
  last: RecordedEvent | undefined,
): Promise<readonly RecordedEvent[]> {
  if (expected === "any" || expected === "streamExists" || last === undefined) return [];
  const from = expected === "noStream" ? 0n : expected + 1n;
  if (from < 0n || from > last.revision) return [];
  const wanted = new Set(events.map(({ id }) => id));
  return (await readBetween(client, stream, from, events.length)).filter(({ id }) => wanted.has(id));
}

/** `false` where somebody else was first. */
async function write(
  client: KurrentClient,
  stream: string,
  events: readonly RecordedEvent[],
  revision: bigint | undefined,
): Promise<boolean> {
  const proposed = events.map((event) => ({
    id: event.id,
    contentType: "application/json" as const,
    type: event.type,
    data: event.data as JSONEventType["data"],
    metadata: {
      metadata: event.metadata,
      recorded_at: event.recordedAt.toISOString(),
      hash: event.hash,
      $correlationId: event.metadata.correlation,
      ...(event.metadata.causation === null ? {} : { $causationId: event.metadata.causation }),
    } satisfies StoredMetadata,
  }));
  try {
    await client.appendToStream(stream, proposed, { streamState: revision ?? "no_stream" });
    return true;
  } catch (error) {
    if (isWrongVersion(error)) return false;
    throw error;
  }
}

async function readBetween(
  client: KurrentClient,
  stream: string,
  fromRevision: bigint,
  maxCount: number,
): Promise<readonly RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const resolved of client.readStream(stream, { fromRevision, maxCount })) {
    const event = recordedEvent(resolved);
    if (event !== undefined) found.push(event);
  }
  return found;
}

export async function lastEvent(client: KurrentClient, stream: string): Promise<RecordedEvent | undefined> {
  try {
    const options = { direction: "backwards", fromRevision: "end", maxCount: 1 } as const;
    for await (const resolved of client.readStream(stream, options)) return recordedEvent(resolved);
  } catch (error) {
    if (!hasKind(storeError("read", error), "StreamNotFound")) throw error;
  }
  return undefined;
}
