import { setTimeout as delay } from "node:timers/promises";
import type { RecordedEvent } from "../domain/event.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import { isOver } from "../domain/namespace/progress.ts";
import { type OperationRow, operations } from "../domain/projections/operations.ts";
import { type EventStore, StoreError } from "../eventstore/event-store.ts";
import { type UnbegunDependencies, unbegun } from "./unbegun.ts";

export type OperationAddress = { readonly namespace: string; readonly operation: string };

/**
 * `moved`: one of its events, and the operation before and after it. `caughtUp`: what was said is all there is now.
 * `refused`: it has ended where it was to begin, and there will be no event.
 */
export type Progressed =
  | {
      readonly kind: "moved";
      readonly before: OperationRow | undefined;
      readonly row: OperationRow;
      readonly event: RecordedEvent<NamespaceEvent>;
    }
  | { readonly kind: "caughtUp" }
  | { readonly kind: "refused"; readonly row: OperationRow };

/**
 * One operation from its beginning on, by the fold that `GET /operations/{id}` answers from, but of the
 * stream: nobody who waits for it waits for a projection. Ends with the operation, or where `signal` aborts.
 */
export async function* progressOf(
  deps: UnbegunDependencies,
  { namespace, operation }: OperationAddress,
  signal: AbortSignal,
): AsyncIterable<Progressed> {
  let row: OperationRow | undefined;
  const refusal = refusalOf(deps, operation, signal);
  try {
    for await (const item of followed(deps.store, streamOf(namespace), refusal.none)) {
      if (item === "caughtUp") {
        yield { kind: "caughtUp" };
        continue;
      }
      if (item.metadata.operation !== operation) continue;
      const after = operations.apply(row, item);
      if (after === undefined) continue;
      refusal.stop();
      yield { kind: "moved", before: row, row: after, event: item };
      row = after;
      if (row.ended_at !== null) return;
    }
    if (refusal.found.row !== undefined) yield { kind: "refused", row: refusal.found.row };
  } finally {
    refusal.stop();
  }
}

/** Most operations begin long before that. */
const lookAgainMs = 1_000;

/** Looks whether the operation was refused, until `stop`; `none` aborts once it was, and with `signal`. */
function refusalOf(deps: UnbegunDependencies, operation: string, signal: AbortSignal) {
  const found: { row?: OperationRow } = {};
  const refused = new AbortController();
  const stopped = new AbortController();
  const none = AbortSignal.any([signal, refused.signal]);
  const looking = AbortSignal.any([none, stopped.signal]);
  const look = async () => {
    while (found.row === undefined) {
      await delay(lookAgainMs, undefined, { signal: looking });
      // Temporal may be away: then it is not known yet.
      const row = await unbegun(deps, operation).catch(() => undefined);
      if (row !== undefined && isOver(row) && !looking.aborted) found.row = row;
    }
    refused.abort();
  };
  look().catch(() => undefined);
  return { found, none, stop: () => stopped.abort() };
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
