import type { EventMetadata, RecordedEvent } from "../../domain/event.ts";
import type { JsonObject } from "../../domain/json.ts";

/** An event as pg hands it over: int8 arrives as text. */
export type RecordedRow = {
  readonly position: string;
  readonly stream: string;
  readonly revision: string;
  readonly id: string;
  readonly type: string;
  readonly data: JsonObject;
  readonly metadata: EventMetadata;
  readonly recorded_at: Date;
  readonly hash: string;
};

export const recordedColumns = "position, stream, revision, id, type, data, metadata, recorded_at, hash";

export const recordedEvent = (row: RecordedRow): RecordedEvent => ({
  position: BigInt(row.position),
  stream: row.stream,
  revision: BigInt(row.revision),
  id: row.id,
  type: row.type,
  data: row.data,
  metadata: row.metadata,
  recordedAt: row.recorded_at,
  hash: row.hash,
});
