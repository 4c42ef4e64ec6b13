import type { RecordedEvent } from "../../domain/event.ts";
import { type EventStore, type Filter, StoreError } from "../event-store.ts";
import { passes } from "../filter.ts";
import { prepareAppend } from "../valid-append.ts";
import { append, lastEvent } from "./append.ts";
import { type KurrentClient, kurrentClient } from "./client.ts";
import { recordedEvent, serverPosition } from "./recorded.ts";
import { serverFilter } from "./server-filter.ts";
import { storeError } from "./store-error.ts";
import { subscription } from "./subscription.ts";

/**
 * The event store in KurrentDB, or EventStoreDB 20.6 and later. Positions are the server's own and not dense.
 *
 * Less is promised than by Postgres: a repeated append is recognised where it expects `noStream` or a revision, an id
 * may be used again in another stream, and times rise within a stream but over the log only as far as the clocks of
 * the processes agree. The server's limit for one append (1 MiB unless configured) comes before ours.
 */
export function kurrentdbEventStore(options: { url: string; clock?: () => Date }): EventStore {
  const clock = options.clock ?? (() => new Date());
  const closing = new AbortController();
  let connected: Promise<KurrentClient> | undefined;
  const client = () => (connected ??= kurrentClient(options.url));
  const running = new Set<Promise<unknown>>();

  async function doing<T>(what: string, work: (client: KurrentClient) => Promise<T>): Promise<T> {
    if (closing.signal.aborted) throw new StoreError("StoreClosed", `${what}: the event store is closed`);
    try {
      return await work(await client());
    } catch (error) {
      throw storeError(what, error);
    }
  }

  const head = () =>
    doing(
      "read the log's head",
      async (on) => (await firstOf(backwards(on, undefined, undefined)))?.position ?? 0n,
    );

  return {
    // Positions are places in the server's log, which holds more than our events.
    gapless: false,

    async append(stream, events, { expected }) {
      const prepared = prepareAppend(stream, events);
      const work = doing(`append to '${stream}'`, async (on) => {
        if (prepared.length > 0) return append(on, { stream, events: prepared, expected }, clock);
        const last = await lastEvent(on, stream);
        return last === undefined ? [] : [last];
      });
      running.add(work);
      const stored = await work.finally(() => running.delete(work));
      const last = stored.at(-1);
      return {
        revision: last?.revision ?? -1n,
        position: last?.position ?? 0n,
        events: prepared.length > 0 ? stored : [],
      };
    },

    async *readStream(stream, { from, limit = Number.POSITIVE_INFINITY, backwards = false } = {}) {
      const what = `read '${stream}'`;
      if (backwards && from !== undefined && from < 0n) return;
      const on = await doing(what, async (on) => on);
      const start = from === undefined || from < 0n ? (backwards ? "end" : "start") : from;
      const source = on.readStream(stream, {
        direction: backwards ? "backwards" : "forwards",
        fromRevision: start,
      });
      yield* within(what, mapped(source), limit);
    },

    async *readAll({ after, filter, limit = Number.POSITIVE_INFINITY, backwards: back = false } = {}) {
      const what = "read the log";
      const on = await doing(what, async (on) => on);
      yield* within(what, back ? backwards(on, after, filter) : forwards(on, after ?? 0n, filter), limit);
    },

    async *subscribe({ after = 0n, filter, signal }) {
      const history = async function* (from: bigint, wanted: Filter | undefined) {
        yield* forwards(await client(), from, wanted);
      };
      const either = AbortSignal.any([signal, closing.signal]);
      yield* subscription({ client, head, history, after, filter, signal: either });
      if (!signal.aborted) throw new StoreError("StoreClosed", "the event store is closed");
    },

    head,
    async positionAt(time) {
      const what = "look up a time";
      const on = await doing(what, async (on) => on);
      for await (const event of within(what, backwards(on, undefined, undefined), Number.POSITIVE_INFINITY)) {
        if (event.recordedAt <= time) return event.position;
      }
      return 0n;
    },
    health: async () => void (await head()),

    async close() {
      closing.abort();
      await Promise.allSettled(running);
      await (await connected)?.dispose();
    },
  };
}

/** Whether the server includes the position it is given has differed between versions: what does not belong is left out here. */
async function* forwards(
  client: KurrentClient,
  after: bigint,
  filter: Filter | undefined,
): AsyncGenerator<RecordedEvent> {
  const fromPosition = after <= 0n ? "start" : serverPosition(after);
  for await (const event of mapped(client.readAll({ fromPosition, filter: serverFilter(filter) }))) {
    if (event.position > after && passes(event, filter)) yield event;
  }
}

async function* backwards(
  client: KurrentClient,
  after: bigint | undefined,
  filter: Filter | undefined,
): AsyncGenerator<RecordedEvent> {
  if (after !== undefined && after <= 0n) return;
  const fromPosition = after === undefined ? "end" : serverPosition(after);
  for await (const event of mapped(
    client.readAll({ fromPosition, direction: "backwards", filter: serverFilter(filter) }),
  )) {
    if ((after === undefined || event.position < after) && passes(event, filter)) yield event;
  }
}

async function* mapped(
  source: AsyncIterable<Parameters<typeof recordedEvent>[0]>,
): AsyncGenerator<RecordedEvent> {
  for await (const resolved of source) {
    const event = recordedEvent(resolved);
    if (event !== undefined) yield event;
  }
}

/** At most `limit` of them, with the store's own errors. */
async function* within(
  what: string,
  source: AsyncIterable<RecordedEvent>,
  limit: number,
): AsyncGenerator<RecordedEvent> {
  let left = limit;
  if (left <= 0) return;
  try {
    for await (const event of source) {
      yield event;
      left -= 1;
      if (left === 0) return;
    }
  } catch (error) {
    throw storeError(what, error);
  }
}

async function firstOf(source: AsyncIterable<RecordedEvent>): Promise<RecordedEvent | undefined> {
  for await (const event of source) return event;
  return undefined;
}
