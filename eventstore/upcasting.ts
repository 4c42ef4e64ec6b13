import type { RecordedEvent } from "../domain/event.ts";
import type { Upcaster } from "../domain/upcasters.ts";
import type { EventStore } from "./event-store.ts";

/**
 * The store as everything above it sees it: events in today's shape, whatever shape they
 * were written in. Envelope, id, position and hash stay those of what is stored: an old
 * event is read anew, never rewritten.
 */
export function upcasting(store: EventStore, upcasters: readonly Upcaster[]): EventStore {
  if (upcasters.length === 0) return store;
  const steps = new Map(upcasters.map((upcaster) => [keyOf(upcaster.type, upcaster.schema), upcaster]));

  const today = (event: RecordedEvent): RecordedEvent => {
    const stored = { type: event.type, data: event.data, schema: event.metadata.schema };
    let current = event;
    for (;;) {
      const step = steps.get(keyOf(current.type, current.metadata.schema));
      if (step === undefined) return current;
      const { type, data } = step.upcast({ type: current.type, data: current.data });
      current = {
        ...current,
        type,
        data,
        metadata: { ...current.metadata, schema: step.schema + 1 },
        stored,
      };
    }
  };

  return {
    ...store,
    async append(stream, events, options) {
      const appended = await store.append(stream, events, options);
      return { ...appended, events: appended.events.map(today) };
    },
    async *readStream(stream, options) {
      for await (const event of store.readStream(stream, options)) yield today(event);
    },
    async *readAll(options) {
      for await (const event of store.readAll(options)) yield today(event);
    },
    async *subscribe(options) {
      for await (const item of store.subscribe(options)) {
        yield item.kind === "event" ? { ...item, event: today(item.event) } : item;
      }
    },
  };
}

const keyOf = (type: string, schema: number): string => `${type} ${schema}`;
