import type { RecordedEvent } from "../event.ts";
import { canonicalJson, type JsonObject } from "../json.ts";

/**
 * Where the history of one life of a name is kept once it has ended, up to a revision. A history only grows:
 * under one key there are only ever the same events, however late an attempt writes them.
 */
export const archiveKey = (namespace: string, incarnation: number, revision: string): string =>
  `namespaces/${namespace}/${incarnation}/${revision}.ndjson.gz`;

/** An event as it is kept: one line of canonical JSON. */
const archiveLine = ({ position, revision, recordedAt, stored: _, ...event }: RecordedEvent): string =>
  canonicalJson({
    ...(event as unknown as JsonObject),
    position: String(position),
    revision: String(revision),
    recorded_at: recordedAt.toISOString(),
  });

/** What `archiveLine` wrote. */
export function archivedEvent(line: string): RecordedEvent {
  const { position, revision, recorded_at, ...event } = JSON.parse(line);
  return {
    ...event,
    position: BigInt(position),
    revision: BigInt(revision),
    recordedAt: new Date(recorded_at),
  };
}

/** The events of one life, as the file that holds them. */
export const archiveText = (life: readonly RecordedEvent[]): string =>
  life.map((event) => `${archiveLine(event)}\n`).join("");

/**
 * Where an archive is not what the stream says: by the first event that differs. `undefined`: byte for byte the same.
 */
export function archiveDifference(text: string, life: readonly RecordedEvent[]): string | undefined {
  if (text === archiveText(life)) return undefined;
  const lines = text.split("\n");
  const differs = life.find((event, index) => lines[index] !== archiveLine(event));
  if (differs === undefined) return `holds more than the ${life.length} events that the stream has of it`;
  const place = `revision ${differs.revision} (${differs.type}, position ${differs.position})`;
  return `differs from the stream at ${place}`;
}
