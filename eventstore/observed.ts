import type { RecordedEvent } from "../domain/event.ts";
import type { EventStore } from "./event-store.ts";

/** Told of every append that succeeded: how long it took, and what is stored. */
export type Appending = (seconds: number, events: readonly RecordedEvent[]) => void;

/** The same store, which tells of its appends. */
export const observed = (store: EventStore, appending: Appending): EventStore => ({
  ...store,
  async append(stream, events, options) {
    const begun = performance.now();
    const appended = await store.append(stream, events, options);
    appending((performance.now() - begun) / 1_000, appended.events);
    return appended;
  },
});
