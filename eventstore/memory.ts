import type { RecordedEvent } from "../domain/event.ts";
import { decideAppend, type LogEnd } from "./decide-append.ts";
import { type Appended, type EventStore, StoreError, type SubscriptionItem } from "./event-store.ts";
import { passes } from "./filter.ts";
import { prepareAppend } from "./valid-append.ts";

/** An event store that lives as long as its process: for tests, and the model the real adapters are held against. */
export function memoryEventStore(options: { clock?: () => Date } = {}): EventStore {
  const clock = options.clock ?? (() => new Date());
  const log: RecordedEvent[] = [];
  const streams = new Map<string, RecordedEvent[]>();
  const end: LogEnd = { position: 0n, recordedAt: new Date(0), streams: new Map(), byId: new Map() };
  const sleepers = new Set<() => void>();
  let closed = false;

  const assertOpen = () => {
    if (closed) throw new StoreError("StoreClosed", "the event store is closed");
  };
  const wake = () => {
    for (const sleeper of [...sleepers]) sleeper();
  };

  return {
    gapless: true,

    async append(stream, wanted, { expected }): Promise<Appended> {
      assertOpen();
      const prepared = prepareAppend(stream, wanted);
      if (prepared.length === 0) {
        const last = end.streams.get(stream);
        return { revision: last?.revision ?? -1n, position: last?.position ?? 0n, events: [] };
      }
      const verdict = decideAppend(end, { stream, events: prepared, expected }, clock());
      if (verdict.kind === "refused") throw verdict.error;
      if (verdict.kind === "new") {
        log.push(...verdict.events);
        const events = streams.get(stream);
        if (events === undefined) streams.set(stream, [...verdict.events]);
        else events.push(...verdict.events);
        wake();
      }
      const last = verdict.events.at(-1);
      return { revision: last?.revision ?? -1n, position: last?.position ?? 0n, events: verdict.events };
    },

    async *readStream(stream, { from, limit = Number.POSITIVE_INFINITY, backwards = false } = {}) {
      assertOpen();
      const events = streams.get(stream);
      if (events === undefined) throw new StoreError("StreamNotFound", `stream '${stream}' does not exist`);
      const wanted = events.filter(
        ({ revision }) => from === undefined || (backwards ? revision <= from : revision >= from),
      );
      yield* firstOf(backwards ? wanted.reverse() : wanted, limit);
    },

    async *readAll({ after, filter, limit = Number.POSITIVE_INFINITY, backwards = false } = {}) {
      assertOpen();
      const wanted = log.filter(
        (event) =>
          passes(event, filter) &&
          (after === undefined || (backwards ? event.position < after : event.position > after)),
      );
      yield* firstOf(backwards ? wanted.reverse() : wanted, limit);
    },

    async *subscribe({ after = 0n, filter, signal }): AsyncGenerator<SubscriptionItem> {
      let seen = after;
      let told = after;
      let caughtUp = false;
      while (!signal.aborted) {
        assertOpen();
        while (seen < end.position && !signal.aborted) {
          const event = log[Number(seen)];
          seen += 1n;
          if (event === undefined || !passes(event, filter)) continue;
          told = seen;
          yield { kind: "event", event };
        }
        if (signal.aborted) return;
        if (told < seen) {
          told = seen;
          yield { kind: "checkpoint", position: seen };
        }
        if (!caughtUp) {
          caughtUp = true;
          yield { kind: "caughtUp", position: seen };
        }
        if (seen >= end.position && !signal.aborted && !closed) await sleep(sleepers, signal);
      }
    },

    async head() {
      assertOpen();
      return end.position;
    },
    async positionAt(time) {
      assertOpen();
      return log.findLast(({ recordedAt }) => recordedAt <= time)?.position ?? 0n;
    },
    async health() {
      assertOpen();
    },
    async close() {
      closed = true;
      wake();
    },
  };
}

const firstOf = <T>(items: readonly T[], limit: number): readonly T[] =>
  items.slice(0, Math.min(items.length, limit));

function sleep(sleepers: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      sleepers.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    sleepers.add(wake);
    signal.addEventListener("abort", wake);
  });
}
