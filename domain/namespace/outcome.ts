import type { RecordedEvent } from "../event.ts";
import type { Failure, NamespaceEvent } from "./events.ts";

/** How an operation ended, and the position of the event that says so. */
export type Outcome =
  | { readonly state: "succeeded"; readonly position: string }
  | { readonly state: "failed"; readonly position: string; readonly error: Failure };

/** The outcome of one operation in its namespace's history; `undefined` while it goes on. */
export function outcomeOf(
  events: readonly RecordedEvent<NamespaceEvent>[],
  operation: string,
): Outcome | undefined {
  for (const event of events) {
    if (event.metadata.operation !== operation) continue;
    const position = String(event.position);
    if (event.type === "NamespaceActivated") return { state: "succeeded", position };
    if (event.type === "NamespaceFailed") return { state: "failed", position, error: event.data.error };
  }
  return undefined;
}
