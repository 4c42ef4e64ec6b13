import type { Event, RecordedEvent } from "../domain/event.ts";
import { type EventStore, type Expected, StoreError } from "./event-store.ts";

/** An aggregate as its stream tells it, and what an append of the next decision must expect. */
export type Aggregate<State, E extends Event> = {
  readonly state: State;
  readonly events: readonly RecordedEvent<E>[];
  readonly expected: Expected;
};

/**
 * Folds a stream from its last snapshot on, where `isSnapshot` knows one; without, the
 * whole stream. `events` are those that were folded.
 */
export async function readFromSnapshot<State, E extends Event>(
  store: EventStore,
  stream: string,
  initial: State,
  evolve: (state: State, event: RecordedEvent<E>) => State,
  isSnapshot: (event: RecordedEvent<E>) => boolean,
): Promise<Aggregate<State, E>> {
  const newestFirst: RecordedEvent<E>[] = [];
  try {
    for await (const event of store.readStream(stream, { backwards: true })) {
      newestFirst.push(event as RecordedEvent<E>);
      if (isSnapshot(event as RecordedEvent<E>)) break;
    }
  } catch (error) {
    if (!(error instanceof StoreError && error.kind === "StreamNotFound")) throw error;
  }
  const events = newestFirst.reverse();
  return { state: events.reduce(evolve, initial), events, expected: events.at(-1)?.revision ?? "noStream" };
}

/** Folds a whole stream; a stream that does not exist is the initial state. */
export async function readAggregate<State, E extends Event>(
  store: EventStore,
  stream: string,
  initial: State,
  evolve: (state: State, event: RecordedEvent<E>) => State,
): Promise<Aggregate<State, E>> {
  const events: RecordedEvent<E>[] = [];
  let state = initial;
  try {
    for await (const event of store.readStream(stream)) {
      // The stream's name says whose events these are; upcasting happens inside the store.
      const known = event as RecordedEvent<E>;
      events.push(known);
      state = evolve(state, known);
    }
  } catch (error) {
    if (!(error instanceof StoreError && error.kind === "StreamNotFound")) throw error;
  }
  return { state, events, expected: events.at(-1)?.revision ?? "noStream" };
}
