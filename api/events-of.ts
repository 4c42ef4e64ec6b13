import type { RecordedEvent } from "../domain/event.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import { type EventStore, StoreError } from "../eventstore/event-store.ts";

/** A namespace's events, oldest first; none where it never was. */
export async function* eventsOf(store: EventStore, namespace: string): AsyncIterable<RecordedEvent> {
  try {
    yield* store.readStream(streamOf(namespace));
  } catch (error) {
    if (error instanceof StoreError && error.kind === "StreamNotFound") return;
    throw error;
  }
}
