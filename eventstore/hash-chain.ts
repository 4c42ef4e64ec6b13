import { createHash } from "node:crypto";
import type { RecordedEvent } from "../domain/event.ts";
import { canonicalJson } from "../domain/json.ts";
import type { PreparedEvent } from "./valid-append.ts";

type Place = {
  readonly stream: string;
  readonly revision: bigint;
  readonly recordedAt: Date;
  /** Hash of the stream's previous event, `null` for its first. */
  readonly previous: string | null;
};

/**
 * The link that ties an event to its stream's past: SHA-256, in lower-case hexadecimal, over the RFC 8785
 * text of `{data, id, metadata, previous, recorded_at, revision, stream, type}`. The position is no part of
 * it, since not every store knows it beforehand; a moved event breaks its revision or its neighbour instead.
 */
export function chainHash(event: Omit<PreparedEvent, "bytes">, place: Place): string {
  // Composed from the texts that are at hand: a second canonicalisation would double the cost of an append.
  const text =
    `{"data":${event.dataText},"id":${JSON.stringify(event.id)},"metadata":${event.metadataText}` +
    `,"previous":${JSON.stringify(place.previous)},"recorded_at":"${place.recordedAt.toISOString()}"` +
    `,"revision":"${place.revision}","stream":${JSON.stringify(place.stream)},"type":${JSON.stringify(event.type)}}`;
  return createHash("sha256").update(text).digest("hex");
}

/** The hash a recorded event must carry, given its predecessor's; compare it with `event.hash`. */
export function recordedHash(event: RecordedEvent, previous: string | null): string {
  const { type, data, schema } = event.stored ?? { ...event, schema: event.metadata.schema };
  return chainHash(
    {
      id: event.id,
      type,
      dataText: canonicalJson(data),
      metadataText: canonicalJson({ ...event.metadata, schema }),
    },
    { stream: event.stream, revision: event.revision, recordedAt: event.recordedAt, previous },
  );
}
