import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { namespaceFeed, teamFeed } from "../../api/event-feeds.ts";
import type { ServerSentEvent } from "../../api/event-stream.ts";
import type { RecordedEvent } from "../../domain/event.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { type NamespaceRow, namespaces } from "../../domain/projections/namespaces.ts";
import type { EventStore } from "../../eventstore/event-store.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import type { ProjectionReader } from "../../eventstore/runner/reader.ts";
import type { Caller } from "../../runtime/auth.ts";
import { failed, request, requested } from "../domain/namespace/examples.ts";

const member = (team: string): Caller => ({
  ...{ subject: "user:bob", teams: [team], platform: false, audit: false },
  expiresAt: new Date(),
});

const of = (team: string, namespace = "orders"): NamespaceEvent => ({
  type: "NamespaceRequested",
  data: {
    ...(requested as { data: object }).data,
    namespace,
    request: { ...request, namespace, team, access: { owners: [], consumers: [] } },
  } as never,
});

/** A log in which others fill most of the room; says from where it was read, and how much of it. */
async function stage() {
  const store = memoryEventStore();
  const read: { after?: bigint; events: number } = { events: 0 };
  const add = async (stream: string, { type, data }: NamespaceEvent) => {
    const metadata = {
      actor: "user:bob",
      operation: null,
      correlation: "c",
      causation: null,
      schema: 1,
      incarnation: 1,
    };
    const event = { type, data: data as object as Record<string, never>, id: randomUUID(), metadata };
    return (await store.append(stream, [event], { expected: "any" })).position;
  };
  const counting: EventStore = {
    ...store,
    async *subscribe(options) {
      read.after = options.after ?? 0n;
      for await (const item of store.subscribe(options)) {
        if (item.kind === "event") read.events += 1;
        yield item;
      }
    },
  };
  const rows = {
    async *scan({ asOf }: { asOf?: bigint }) {
      const found = new Map<string, NamespaceRow | undefined>();
      for await (const event of store.readAll({ filter: { streamPrefixes: ["namespace-"] } })) {
        if (asOf !== undefined && event.position > asOf) break;
        const one = event as RecordedEvent<NamespaceEvent>;
        found.set(one.stream, namespaces.apply(found.get(one.stream), one));
      }
      for (const [key, row] of found) if (row !== undefined) yield { key, row, position: 0n };
    },
  } as unknown as ProjectionReader<NamespaceRow>;
  const deps = { store: counting, namespaces: rows };
  for (let index = 0; index < 200; index += 1)
    await add(`namespace-other-${index}`, of("other-team", `other-${index}`));
  return { deps, add, read };
}

/** What a feed tells until it has said `count` things; something is added meanwhile. */
async function told(
  feed: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
  count: number,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<readonly string[]> {
  const leaving = new AbortController();
  const ids: string[] = [];
  const adding = new Promise((resolve) => setTimeout(resolve, 20)).then(meanwhile);
  for await (const { id } of feed(leaving.signal)) {
    ids.push(id ?? "");
    if (ids.length === count) break;
  }
  leaving.abort();
  await adding;
  return ids;
}

describe("a feed of one namespace", () => {
  it("reads what there is from its own stream, and the log only from its end on", async () => {
    const { deps, add, read } = await stage();
    const first = await add("namespace-orders", of("payments-team"));
    const second = await add("namespace-orders", failed());
    const feed = (start: bigint) => (signal: AbortSignal) =>
      namespaceFeed(deps, member("payments-team"), "orders", start, signal);
    const third = String(second + 1n);
    const seen = await told(feed(0n), 3, () => add("namespace-orders", failed()));
    expect(seen).toEqual([String(first), String(second), third]);
    expect(read).toEqual({ after: second, events: 1 });
    expect(await told(feed(first), 2)).toEqual([String(second), third]);
  });

  it("shows each team its own lives, also from the middle on", async () => {
    const { deps, add } = await stage();
    await add("namespace-orders", of("payments-team"));
    const end = await add("namespace-orders", failed());
    const again = await add("namespace-orders", of("marketing-team"));
    const last = await add("namespace-orders", failed());
    const feed = (team: string, start: bigint) => (signal: AbortSignal) =>
      namespaceFeed(deps, member(team), "orders", start, signal);
    expect(await told(feed("payments-team", 201n), 1)).toEqual([String(end)]);
    expect(await told(feed("marketing-team", 0n), 2)).toEqual([String(again), String(last)]);
  });
});

describe("a feed of one team", () => {
  it("begins where it was asked to, and knows whose each namespace was by then", async () => {
    const { deps, add, read } = await stage();
    await add("namespace-orders", of("payments-team"));
    await add("namespace-books", of("marketing-team", "books"));
    const start = await add("namespace-orders", failed());
    await add("namespace-other-7", failed());
    const theirs = await add("namespace-books", failed());
    const next = await add("namespace-books", of("payments-team", "books"));
    const feed = (team: string) => (signal: AbortSignal) => teamFeed(deps, member(team), team, start, signal);
    expect(await told(feed("payments-team"), 1)).toEqual([String(next)]);
    expect(read.after).toBe(start);
    expect(await told(feed("marketing-team"), 1)).toEqual([String(theirs)]);
    expect(read.events).toBeLessThan(10);
  });
});
