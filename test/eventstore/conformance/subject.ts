import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../domain/event.ts";
import type { EventStore, NewEvent, SubscriptionItem } from "../../../eventstore/event-store.ts";

/** An adapter under test. */
export type Subject = {
  /** Shared by all cases: they keep apart by stream names of their own. */
  readonly store: EventStore;
  /** Another client of the same log, as another process would have it; closed after the cases. */
  readonly open: (options?: { clock?: () => Date }) => EventStore;
  /** How far ids are looked at: over the whole log, or where an append expects noStream or an exact revision. */
  readonly idempotent: "always" | "exactRevision";
  /** Makes a stream's last event so many more; left out: the log has no quicker way than appends. */
  readonly multiply?: (stream: string, more: number) => Promise<void>;
};

/** How long a case waits for what has to come. Where faults are planted, and it does not come, it is less. */
export const patience = { ms: 30_000 };

/** Named cases; the number is that of the conformance list. Plain functions, so that a planted fault can run them too. */
export type Cases<S = Subject> = Readonly<Record<string, (subject: S) => Promise<void>>>;

/** Registers the cases as tests of one adapter. */
export function conform<S>(
  group: string,
  subject: () => Promise<S & { dispose(): Promise<void> }>,
  cases: Cases<S>,
  timeoutMs = 300_000,
): void {
  describe(group, () => {
    let current: S & { dispose(): Promise<void> };
    beforeAll(async () => {
      current = await subject();
    });
    afterAll(() => current?.dispose());
    for (const [title, run] of Object.entries(cases)) it(title, () => run(current), timeoutMs);
  });
}

const metadata = {
  actor: "user:alice",
  operation: null,
  correlation: "c-1",
  causation: null,
  schema: 1,
  incarnation: 1,
};

export const newEvent = (event: Partial<NewEvent> = {}): NewEvent => ({
  id: randomUUID(),
  type: "Happened",
  data: { what: "something" },
  metadata,
  ...event,
});

export const newEvents = (
  count: number,
  event: (index: number) => Partial<NewEvent> = () => ({}),
): NewEvent[] => Array.from({ length: count }, (_, index) => newEvent({ data: { index }, ...event(index) }));

export const streamName = (what: string): string => `${what}-${randomUUID()}`;

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export const ids = (events: readonly { readonly id: string }[]): string[] => events.map(({ id }) => id);
export const revisions = (events: readonly RecordedEvent[]): bigint[] =>
  events.map(({ revision }) => revision);
export const positions = (events: readonly RecordedEvent[]): bigint[] =>
  events.map(({ position }) => position);

/** By kind and not by class: a copy of the adapter under test has classes of its own. */
export const refused = async (
  attempt: Promise<unknown>,
  kind: string,
): Promise<{ actual: bigint | undefined }> => {
  const error = await attempt.then(
    (value) => expect.fail(`accepted with ${value}`),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: "StoreError", kind });
  return error as { actual: bigint | undefined };
};

export type Tail = {
  readonly items: readonly SubscriptionItem[];
  readonly events: () => readonly RecordedEvent[];
  /** Resolves when `test` holds of what was delivered; rejects after `withinMs`. */
  readonly until: (test: (items: readonly SubscriptionItem[]) => boolean, withinMs?: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** A subscription that keeps what it is given. */
export function tail(
  store: EventStore,
  options: Omit<Parameters<EventStore["subscribe"]>[0], "signal"> = {},
): Tail {
  const stopping = new AbortController();
  const items: SubscriptionItem[] = [];
  let arrived = () => {};
  let failure: unknown;
  const running = (async () => {
    for await (const item of store.subscribe({ ...options, signal: stopping.signal })) {
      items.push(item);
      arrived();
    }
  })().catch((error) => {
    failure = error;
    arrived();
  });
  const events = () => items.flatMap((item) => (item.kind === "event" ? [item.event] : []));
  return {
    items,
    events,
    async until(test, withinMs = patience.ms) {
      const deadline = Date.now() + withinMs;
      while (!test(items)) {
        if (failure !== undefined) throw failure;
        const left = deadline - Date.now();
        if (left <= 0) expect.fail(`not delivered within ${withinMs} ms; ${items.length} items came`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          arrived = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    async stop() {
      stopping.abort();
      await running;
      if (failure !== undefined) throw failure;
    },
  };
}

/** Of a tail's `until`: so many events were delivered. */
export const eventCount =
  (count: number) =>
  (items: readonly SubscriptionItem[]): boolean =>
    items.filter(({ kind }) => kind === "event").length >= count;

export const isCaughtUp = (items: readonly SubscriptionItem[]): boolean =>
  items.some(({ kind }) => kind === "caughtUp");
