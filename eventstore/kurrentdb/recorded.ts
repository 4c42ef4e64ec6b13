import type { AllStreamResolvedEvent, ResolvedEvent } from "@kurrent/kurrentdb-client";
import type { EventMetadata, RecordedEvent } from "../../domain/event.ts";
import type { Json, JsonObject } from "../../domain/json.ts";

/**
 * What is kept in KurrentDB's metadata. Time and hash are ours: the server's own time is known only after the append,
 * too late for the chain. `$correlationId` and `$causationId` are read by KurrentDB's own projections.
 */
export type StoredMetadata = {
  readonly metadata: EventMetadata;
  readonly recorded_at: string;
  readonly hash: string;
  readonly $correlationId: string;
  readonly $causationId?: string;
};

/** An event as Prism wrote it; `undefined` for what is the server's own, or somebody else's. */
export function recordedEvent({ event }: ResolvedEvent | AllStreamResolvedEvent): RecordedEvent | undefined {
  if (event?.position === undefined || event.streamId.startsWith("$")) return undefined;
  const stored = event.metadata as Partial<StoredMetadata> | undefined;
  if (stored?.metadata === undefined || stored.recorded_at === undefined || stored.hash === undefined)
    return undefined;
  return {
    // An append writes records that are committed by themselves: commit and prepare position are the same.
    position: event.position.commit,
    stream: event.streamId,
    revision: event.revision,
    id: event.id,
    type: event.type,
    data: event.data as Json as JsonObject,
    metadata: stored.metadata,
    recordedAt: new Date(stored.recorded_at),
    hash: stored.hash,
  };
}

/** A position as the server takes it. */
export const serverPosition = (position: bigint) => ({ commit: position, prepare: position });
