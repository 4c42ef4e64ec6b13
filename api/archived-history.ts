import { gunzipSync } from "node:zlib";
import { PrismError } from "../domain/errors.ts";
import type { RecordedEvent } from "../domain/event.ts";
import { archiveDifference, archivedEvent } from "../domain/namespace/archive.ts";
import type { AuditArchived } from "../domain/namespace/delete-events.ts";
import { sha256Hex } from "../domain/sha256.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Caller } from "../runtime/auth.ts";
import type { Archive } from "./archive.ts";
import { ownedLives } from "./ownership.ts";
import { readNamespace } from "./read-namespace.ts";

/** One life's archive, and whether it is what it was. */
export type ArchivedLife = {
  readonly incarnation: number;
  readonly bucket: string;
  readonly key: string;
  /** As it was recorded when it was archived. */
  readonly digest: string;
  /** What it holds now: by the digest what was archived, and byte for byte what the stream says. */
  readonly intact: boolean;
  readonly wrong: string | null;
  readonly events: readonly RecordedEvent[];
};

export type ArchiveReading = { readonly store: EventStore; readonly archive?: Archive | undefined };

const deadlineMs = 60_000;

/** The archives of a name's lives that were the caller's, read back and compared. What is not intact shows no events. */
export async function archivedLives(
  { store, archive }: ArchiveReading,
  caller: Caller,
  namespace: string,
): Promise<readonly ArchivedLife[]> {
  if (archive === undefined) throw nowhere();
  const { events } = await readNamespace(store, namespace);
  const theirs = new Set(events.filter(ownedLives(caller)));
  const lives: ArchivedLife[] = [];
  for (const event of events) {
    if (event.type !== "AuditArchived" || !theirs.has(event)) continue;
    const life = events.filter(
      ({ metadata, revision }) =>
        metadata.incarnation === event.metadata.incarnation && revision <= BigInt(event.data.revision),
    );
    lives.push(await readBack(archive, event, life, (one) => theirs.has(one)));
  }
  return lives;
}

async function readBack<E extends RecordedEvent>(
  archive: Archive,
  { data, metadata }: RecordedEvent<AuditArchived>,
  life: readonly E[],
  shows: (event: E) => boolean,
): Promise<ArchivedLife> {
  const { bucket, key, digest } = data;
  const about = { incarnation: metadata.incarnation, bucket, key, digest };
  const body = await archive.get(key, AbortSignal.timeout(deadlineMs), bucket);
  const { text, wrong } = judged(body, digest, life);
  if (text === undefined || wrong !== undefined)
    return { ...about, intact: false, wrong: wrong ?? null, events: [] };
  // Whose an event was is told by the stream, of which this is a copy.
  const shown = new Set(life.filter(shows).map(({ revision }) => revision));
  const kept = text.trimEnd().split("\n").map(archivedEvent);
  return { ...about, intact: true, wrong: null, events: kept.filter(({ revision }) => shown.has(revision)) };
}

type Judged = { readonly text?: string; readonly wrong?: string };

function judged(body: Uint8Array | undefined, digest: string, life: readonly RecordedEvent[]): Judged {
  if (body === undefined) return { wrong: "is not there any more" };
  const unpacked = unpack(body);
  if ("wrong" in unpacked) return unpacked;
  const { text } = unpacked;
  const difference = archiveDifference(text, life);
  if (sha256Hex(text) === digest) {
    return difference === undefined ? { text } : { wrong: `is what was archived, and ${difference}` };
  }
  return { wrong: `is not what was archived: it ${difference ?? "has another digest"}` };
}

function unpack(body: Uint8Array): { readonly text: string } | { readonly wrong: string } {
  try {
    return { text: gunzipSync(body).toString("utf8") };
  } catch (error) {
    return { wrong: `is not what was archived: it cannot be unpacked (${(error as Error).message})` };
  }
}

const nowhere = (): PrismError =>
  new PrismError("BACKEND_UNAVAILABLE", "there is no archive to read: PRISM_S3_ENDPOINT is not set", {
    details: { backend: "s3", recommendation: "Give the control plane the S3 that its workers archive to" },
  });
