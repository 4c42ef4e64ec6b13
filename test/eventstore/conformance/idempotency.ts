import { expect } from "vitest";
import { type Cases, collect, ids, newEvent, newEvents, refused, streamName } from "./subject.ts";

export const idempotencyCases: Cases = {
  "13 the same append with noStream again answers what is stored": async ({ store, open }) => {
    const stream = streamName("again");
    const batch = newEvents(2);
    const first = await store.append(stream, batch, { expected: "noStream" });
    const second = await open().append(stream, batch, { expected: "noStream" });
    expect(second).toEqual(first);
    expect(await collect(store.readStream(stream))).toEqual(first.events);
  },

  "14 the same append with any again adds nothing": async ({ store, idempotent }) => {
    if (idempotent === "exactRevision") return;
    const stream = streamName("again");
    const batch = newEvents(2);
    const first = await store.append(stream, batch, { expected: "any" });
    await store.append(stream, [newEvent()], { expected: "any" });
    expect(await store.append(stream, batch, { expected: "any" })).toEqual(first);
    expect(await collect(store.readStream(stream))).toHaveLength(3);
  },

  "15 the same append with its exact revision is recognised after later ones": async ({ store }) => {
    const stream = streamName("later");
    await store.append(stream, newEvents(2), { expected: "noStream" });
    const batch = newEvents(2);
    const first = await store.append(stream, batch, { expected: 1n });
    await store.append(stream, newEvents(3), { expected: 3n });
    expect(await store.append(stream, batch, { expected: 1n })).toEqual(first);
    expect(await collect(store.readStream(stream))).toHaveLength(7);
  },

  "16 a repeat is recognised though its data is told differently": async ({ store }) => {
    const stream = streamName("retold");
    const batch = newEvents(3);
    const first = await store.append(stream, batch, { expected: "noStream" });
    const retold = batch.map((event) => ({ ...event, data: { told: "anew" } }));
    expect((await store.append(stream, retold, { expected: "noStream" })).events).toEqual(first.events);
  },

  "16 repeats side by side are stored once": async ({ store, open }) => {
    const stream = streamName("beside");
    const batch = newEvents(3);
    const other = open();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        (index % 2 === 0 ? store : other).append(stream, batch, { expected: "noStream" }),
      ),
    );
    expect(new Set(answers.map(({ position }) => position)).size).toBe(1);
    expect(ids(await collect(store.readStream(stream)))).toEqual(ids(batch));
  },

  "17 an append that overlaps another one in part is refused": async ({ store, idempotent }) => {
    const stream = streamName("overlap");
    const batch = newEvents(3);
    await store.append(stream, batch, { expected: "noStream" });
    const [first, second, third] = batch;
    if (!first || !second || !third) return expect.fail("three events were made");
    await refused(store.append(stream, [second, third, newEvent()], { expected: 0n }), "EventIdConflict");
    if (idempotent === "always") {
      await refused(store.append(stream, [second, first], { expected: "any" }), "EventIdConflict");
    }
    await refused(store.append(stream, [first, third], { expected: "noStream" }), "EventIdConflict");
    const twice = newEvent();
    await refused(store.append(stream, [twice, twice], { expected: "any" }), "EventIdConflict");
    expect(await collect(store.readStream(stream))).toHaveLength(3);
  },

  "18 an id that is used in another stream is refused": async ({ store, idempotent }) => {
    if (idempotent === "exactRevision") return;
    const event = newEvent();
    await store.append(streamName("one"), [event], { expected: "noStream" });
    const other = streamName("other");
    await refused(store.append(other, [event], { expected: "noStream" }), "EventIdConflict");
    await refused(collect(store.readStream(other)), "StreamNotFound");
  },
};
