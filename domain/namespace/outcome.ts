import type { RecordedEvent } from "../event.ts";
import type { Failure } from "./event-data.ts";
import type { NamespaceEvent } from "./events.ts";
import { beginning, begunBy, isOver, type Progress, proceed, type Undoing } from "./progress.ts";

/** How an operation ended, and the position of the event that says so. */
export type Outcome =
  | { readonly state: "succeeded"; readonly position: string }
  | { readonly state: Undoing; readonly position: string; readonly error: Failure };

/** The outcome of one operation in its namespace's history; `undefined` while it goes on. */
export function outcomeOf(
  events: readonly RecordedEvent<NamespaceEvent>[],
  operation: string,
): Outcome | undefined {
  let progress: Progress | undefined;
  for (const event of events) {
    if (event.metadata.operation !== operation) continue;
    const begins = begunBy(event);
    if (begins?.operation === operation) progress = beginning(begins.kind);
    if (progress === undefined) continue;
    progress = proceed(progress, event);
    if (isOver(progress)) return ended(progress, String(event.position));
  }
  return undefined;
}

function ended({ undoing, error }: Progress, position: string): Outcome {
  if (error === null) return { state: "succeeded", position };
  return { state: undoing ?? "failed", position, error };
}
