import type { RecordedEvent } from "../domain/event.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import { type OperationRow, operations } from "../domain/projections/operations.ts";
import { type EventStore, StoreError } from "../eventstore/event-store.ts";

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
  let row: OperationRow | undefined;
  for await (const item of followed(store, streamOf(namespace), signal)) {
    if (item === "caughtUp") {
      yield { kind: "caughtUp" };
      continue;
    }
    if (item.metadata.operation !== operation) continue;
    const after = operations.apply(row, item);
    if (after === undefined) continue;
    yield { kind: "moved", before: row, row: after, event: item };
    row = after;
    if (row.ended_at !== null) return;
  }
}

/** One stream's events, what there is and then what comes, without a look at what the log holds of others. */
async function* followed(
  store: EventStore,
  stream: string,
  signal: AbortSignal,
): AsyncIterable<RecordedEvent<NamespaceEvent> | "caughtUp"> {
  // Before the reading: what of the stream is not above it has been read, and nothing before it comes again.
  let after = await store.head();
  try {
    for await (const event of store.readStream(stream)) {
      if (signal.aborted) return;
      yield event as RecordedEvent<NamespaceEvent>;
      if (event.position > after) after = event.position;
    }
  } catch (error) {
    if (!(error instanceof StoreError && error.kind === "StreamNotFound")) throw error;
  }
  yield "caughtUp";
  for await (const item of store.subscribe({ after, filter: { streamPrefixes: [stream] }, signal })) {
    // The filter goes by the name's beginning, and other names begin like it.
    if (item.kind === "event" && item.event.stream === stream)
      yield item.event as RecordedEvent<NamespaceEvent>;
  }
}
