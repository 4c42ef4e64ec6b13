import type { Attempt } from "../../activities/attempt.ts";
import { type Recorder, recorder } from "../../activities/recorder.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { streamOf } from "../../domain/namespace/namespace.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";

/** A part of the history of "orders": what one operation did in one of its lives. */
export type Chapter = {
  readonly operation: string;
  readonly events: readonly NamespaceEvent[];
  readonly incarnation?: number;
};

/** A recorder of a namespace "orders" that has lived so far. */
export async function lived(...chapters: readonly Chapter[]): Promise<Recorder> {
  const store = memoryEventStore();
  const events = chapters.flatMap(({ operation, events: some, incarnation = 1 }) =>
    some.map((event) => ({ ...event, metadata: { actor: "user:alice", operation, incarnation } })),
  );
  const known = events.map((event, index) => ({
    ...event,
    id: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
  }));
  await store.append(streamOf("orders"), known as never, { expected: "noStream" });
  return recorder(store);
}

/** An attempt that nobody cuts off. */
const unhindered = (_occasion: unknown, _step: string, body: (signal: AbortSignal) => Promise<unknown>) =>
  body(new AbortController().signal);

export const attempt = Object.assign(unhindered, { answering: unhindered }) as unknown as Attempt;
