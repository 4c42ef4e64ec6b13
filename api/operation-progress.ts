import type { RecordedEvent } from "../domain/event.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import { type OperationRow, operations } from "../domain/projections/operations.ts";
import type { EventStore } from "../eventstore/event-store.ts";

export type OperationAddress = { readonly namespace: string; readonly operation: string };

/** `moved`: one of its events, and the operation before and after it. `caughtUp`: what was said is all there is now. */
export type Progressed =
  | {
      readonly kind: "moved";
      readonly before: OperationRow | undefined;
      readonly row: OperationRow;
      readonly event: RecordedEvent<NamespaceEvent>;
    }
  | { readonly kind: "caughtUp" };

/**
 * One operation from its beginning on, by the fold that `GET /operations/{id}` answers from, but of the
 * stream: nobody who waits for it waits for a projection. Ends with the operation, or where `signal` aborts.
 */
export async function* progressOf(
  store: EventStore,
  { namespace, operation }: OperationAddress,
  signal: AbortSignal,
): AsyncIterable<Progressed> {
  const stream = streamOf(namespace);
  let row: OperationRow | undefined;
  for await (const item of store.subscribe({ filter: { streamPrefixes: [stream] }, signal })) {
    if (item.kind === "caughtUp") yield { kind: "caughtUp" };
    if (item.kind !== "event") continue;
    // The filter goes by the name's beginning, and other names begin like it.
    const event = item.event as RecordedEvent<NamespaceEvent>;
    if (event.stream !== stream || event.metadata.operation !== operation) continue;
    const after = operations.apply(row, event);
    if (after === undefined) continue;
    yield { kind: "moved", before: row, row: after, event };
    row = after;
    if (row.ended_at !== null) return;
  }
}
