import { expect } from "vitest";
import type { SubscriptionItem } from "../../../eventstore/event-store.ts";
import {
  type Cases,
  eventCount,
  ids,
  isCaughtUp,
  newEvent,
  newEvents,
  positions,
  streamName,
  tail,
} from "./subject.ts";

export const subscriptionCases: Cases = {
  "49 history, then what comes, without gap or repeat at the seam": async ({ store, open }) => {
    const after = await store.head();
    const stream = streamName("seam");
    const writer = open();
    await writer.append(stream, newEvents(1_500), { expected: "any" });
    const tailing = tail(store, { after });
    for (let index = 0; index < 60; index += 1)
      await writer.append(stream, newEvents(20), { expected: "any" });
    await tailing.until(eventCount(2_700));
    await tailing.stop();
    const delivered = tailing.events().filter((event) => event.stream === stream);
    expect(delivered.map(({ revision }) => revision)).toEqual(
      Array.from({ length: 2_700 }, (_, i) => BigInt(i)),
    );
  },

  "50 from the end only what is new is delivered": async ({ store }) => {
    const stream = streamName("end");
    await store.append(stream, newEvents(3), { expected: "noStream" });
    const tailing = tail(store, { after: await store.head() });
    await tailing.until(isCaughtUp);
    const event = newEvent();
    await store.append(stream, [event], { expected: "any" });
    await tailing.until(eventCount(1));
    await tailing.stop();
    expect(ids(tailing.events())).toEqual([event.id]);
  },

  "51 the position to begin after is left out": async ({ store }) => {
    const { events } = await store.append(streamName("after"), newEvents(4), { expected: "noStream" });
    const tailing = tail(store, { after: events[1]?.position ?? -1n });
    await tailing.until(isCaughtUp);
    await tailing.stop();
    expect(ids(tailing.events())).toEqual(ids(events.slice(2)));
  },

  "52 catching up is said once, after the history and before what is new": async ({ store }) => {
    const stream = streamName("caught");
    const after = await store.head();
    await store.append(stream, newEvents(3), { expected: "noStream" });
    const tailing = tail(store, { after });
    await tailing.until(isCaughtUp);
    for (let index = 0; index < 3; index += 1) await store.append(stream, [newEvent()], { expected: "any" });
    await tailing.until(eventCount(6));
    await tailing.stop();
    // What others wrote meanwhile, the store itself among them, may show as checkpoints.
    const kinds = tailing.items.map(({ kind }) => kind).filter((kind) => kind !== "checkpoint");
    expect(kinds).toEqual(["event", "event", "event", "caughtUp", "event", "event", "event"]);
  },

  "53 a filter holds for history and for what comes, and what it leaves out still counts as seen": async ({
    store,
  }) => {
    const after = await store.head();
    const [wanted, other] = [streamName("wanted"), streamName("other")];
    const write = async () => {
      await store.append(wanted, newEvents(2), { expected: "any" });
      await store.append(other, newEvents(5), { expected: "any" });
    };
    await write();
    const tailing = tail(store, { after, filter: { streamPrefixes: ["wanted-"], types: ["Happened"] } });
    await tailing.until(isCaughtUp);
    await write();
    const head = await store.head();
    await tailing.until((items) => lastPlace(items) >= head);
    await tailing.stop();
    expect(tailing.events().map(({ stream }) => stream)).toEqual(Array.from({ length: 4 }, () => wanted));
    const places = tailing.items.map((item) => (item.kind === "event" ? item.event.position : item.position));
    expect(places).toEqual(places.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    expect(tailing.items.some(({ kind }) => kind === "checkpoint")).toBe(true);
  },

  "54 many subscribers all get everything": async ({ store, open }) => {
    const after = await store.head();
    const clients = [store, open()];
    const tails = Array.from({ length: 40 }, (_, index) => tail(clients[index % 2] ?? store, { after }));
    const written = newEvents(100);
    const stream = streamName("fan");
    for (let index = 0; index < 100; index += 10) {
      await store.append(stream, written.slice(index, index + 10), { expected: "any" });
    }
    await Promise.all(tails.map((tailing) => tailing.until(eventCount(100))));
    await Promise.all(tails.map((tailing) => tailing.stop()));
    for (const tailing of tails) expect(ids(tailing.events())).toEqual(ids(written));
  },

  "55 abort ends a subscription in silence, whatever it was doing": async ({ store, open }) => {
    const client = open();
    const waiting = tail(client, { after: await store.head() });
    await waiting.until(isCaughtUp);
    await waiting.stop();
    const aborted = AbortSignal.abort();
    for await (const item of client.subscribe({ signal: aborted })) expect.fail(`delivered ${item.kind}`);
    const reading = new AbortController();
    let delivered = 0;
    for await (const item of client.subscribe({ signal: reading.signal })) {
      if (item.kind === "event") delivered += 1;
      if (delivered === 2) reading.abort();
    }
    expect(delivered).toBe(2);
    await client.close();
  },

  "56 a reader that fails and comes back is given again what it had not finished": async ({ store }) => {
    const after = await store.head();
    const { events } = await store.append(streamName("again"), newEvents(5), { expected: "noStream" });
    let done = after;
    const handled: bigint[] = [];
    const run = async (failAt: number) => {
      const stopping = new AbortController();
      for await (const item of store.subscribe({ after: done, signal: stopping.signal })) {
        if (item.kind !== "event") return;
        if (handled.length === failAt) throw new Error("the reader failed");
        handled.push(item.event.position);
        done = item.event.position;
      }
    };
    await expect(run(2)).rejects.toThrow("the reader failed");
    await run(-1);
    expect(handled).toEqual(positions(events));
  },

  "58 a slow reader slows nobody down and loses nothing": async ({ store, open }) => {
    const after = await store.head();
    const stream = streamName("slow");
    const stopping = new AbortController();
    const reader = open().subscribe({ after, signal: stopping.signal })[Symbol.asyncIterator]();
    const delivered: bigint[] = [];
    const take = async () => {
      const { value } = await reader.next();
      if (value?.kind === "event") delivered.push(value.event.revision);
    };
    await store.append(stream, newEvents(10), { expected: "any" });
    await take();
    // The reader stands still while others write and read.
    for (let index = 0; index < 30; index += 1)
      await store.append(stream, newEvents(100), { expected: "any" });
    const quick = tail(store, { after });
    await quick.until(eventCount(3_010));
    await quick.stop();
    while (delivered.length < 3_010) await take();
    stopping.abort();
    expect(delivered).toEqual(Array.from({ length: 3_010 }, (_, index) => BigInt(index)));
  },
};

const lastPlace = (items: readonly SubscriptionItem[]): bigint => {
  const last = items.at(-1);
  if (last === undefined) return -1n;
  return last.kind === "event" ? last.event.position : last.position;
};
