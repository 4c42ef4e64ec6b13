import { expect } from "vitest";
import type { JsonObject } from "../../../domain/json.ts";
import type { NewEvent } from "../../../eventstore/event-store.ts";
import { type Cases, collect, ids, newEvent, newEvents, refused, revisions, streamName } from "./subject.ts";

export const appendCases: Cases = {
  "1 a new stream starts at revision 0 and keeps the order of the batch": async ({ store }) => {
    const stream = streamName("new");
    const batch = newEvents(3);
    const appended = await store.append(stream, batch, { expected: "noStream" });
    const stored = await collect(store.readStream(stream));
    expect(revisions(stored)).toEqual([0n, 1n, 2n]);
    expect(ids(stored)).toEqual(ids(batch));
    expect(appended).toEqual({ revision: 2n, position: stored[2]?.position, events: stored });
  },

  "2 noStream on a stream that exists is refused with its revision and changes nothing": async ({
    store,
  }) => {
    const stream = streamName("taken");
    await store.append(stream, newEvents(2), { expected: "noStream" });
    const before = await collect(store.readStream(stream));
    const error = await refused(
      store.append(stream, [newEvent()], { expected: "noStream" }),
      "RevisionConflict",
    );
    expect(error.actual).toBe(1n);
    expect(await collect(store.readStream(stream))).toEqual(before);
  },

  "3 streamExists is refused on a missing stream and works on one that exists": async ({ store }) => {
    const stream = streamName("exists");
    const error = await refused(
      store.append(stream, [newEvent()], { expected: "streamExists" }),
      "RevisionConflict",
    );
    expect(error.actual).toBeUndefined();
    await store.append(stream, [newEvent()], { expected: "noStream" });
    expect((await store.append(stream, [newEvent()], { expected: "streamExists" })).revision).toBe(1n);
  },

  "4 an exact revision works": async ({ store }) => {
    const stream = streamName("exact");
    await store.append(stream, newEvents(3), { expected: "noStream" });
    expect((await store.append(stream, newEvents(2), { expected: 2n })).revision).toBe(4n);
  },

  "5 a stale and a future revision are refused": async ({ store }) => {
    const stream = streamName("stale");
    await store.append(stream, newEvents(3), { expected: "noStream" });
    expect(
      (await refused(store.append(stream, [newEvent()], { expected: 1n }), "RevisionConflict")).actual,
    ).toBe(2n);
    expect(
      (await refused(store.append(stream, [newEvent()], { expected: 3n }), "RevisionConflict")).actual,
    ).toBe(2n);
    expect(await collect(store.readStream(stream))).toHaveLength(3);
  },

  "6 revision 0 is a revision and not a missing stream": async ({ store }) => {
    const stream = streamName("zero");
    await refused(store.append(stream, [newEvent()], { expected: 0n }), "RevisionConflict");
    await store.append(stream, [newEvent()], { expected: "noStream" });
    expect((await store.append(stream, [newEvent()], { expected: 0n })).revision).toBe(1n);
  },

  "7 any appends to a missing and to an existing stream": async ({ store }) => {
    const stream = streamName("any");
    expect((await store.append(stream, [newEvent()], { expected: "any" })).revision).toBe(0n);
    expect((await store.append(stream, [newEvent()], { expected: "any" })).revision).toBe(1n);
  },

  "8 an empty append does nothing to a missing and to an existing stream": async ({ store }) => {
    const stream = streamName("empty");
    expect(await store.append(stream, [], { expected: "any" })).toEqual({
      revision: -1n,
      position: 0n,
      events: [],
    });
    await refused(collect(store.readStream(stream)), "StreamNotFound");
    const { revision, position } = await store.append(stream, newEvents(2), { expected: "noStream" });
    expect(await store.append(stream, [], { expected: "any" })).toEqual({ revision, position, events: [] });
    expect(await collect(store.readStream(stream))).toHaveLength(2);
  },

  "9 data and metadata come back as they went in": async ({ store }) => {
    const stream = streamName("payload");
    const samples: JsonObject[] = [
      { text: 'Grüße 世界 🜂 \u2028 \t " \\ \u0001', "ключ 🔑": { "": [] } },
      {
        nothing: null,
        yes: true,
        no: false,
        zero: 0,
        minus: -1.5e-7,
        large: 1e21,
        most: Number.MAX_SAFE_INTEGER,
      },
      { beyondDouble: String(2n ** 80n), nested: { list: [{ a: [[], {}, [null]] }] } },
      { large: "ß".repeat(512 * 1024) },
      {},
    ];
    const batch = samples.map((data, index) =>
      newEvent({ data, metadata: { ...newEvent().metadata, actor: `user:${index}é` } }),
    );
    await store.append(stream, batch, { expected: "noStream" });
    const stored = await collect(store.readStream(stream));
    expect(stored.map(({ data }) => data)).toEqual(samples);
    expect(stored.map(({ metadata }) => metadata)).toEqual(batch.map(({ metadata }) => metadata));
  },

  "9 what is no JSON is refused and nothing is written": async ({ store }) => {
    const stream = streamName("binary");
    const wrong: unknown[] = [
      { bytes: new Uint8Array([1]) },
      { big: 1n },
      { not: Number.NaN },
      { when: new Date() },
      { list: [undefined] },
      { nul: "a\u0000b" },
      { half: "\ud800" },
      { run: () => 1 },
    ];
    for (const data of wrong) {
      const event = newEvent({ data: data as NewEvent["data"] });
      await refused(store.append(stream, [event], { expected: "any" }), "InvalidEvent");
    }
    await refused(
      store.append(stream, [newEvent({ id: "not-a-uuid" })], { expected: "any" }),
      "InvalidEvent",
    );
    await refused(store.append(stream, [newEvent({ type: "" })], { expected: "any" }), "InvalidEvent");
    await refused(collect(store.readStream(stream)), "StreamNotFound");
  },

  "10 an event that is too large is refused with its batch": async ({ store }) => {
    const stream = streamName("oversize");
    const tooLarge = newEvent({ data: { text: "x".repeat(4 * 1024 * 1024) } });
    await refused(store.append(stream, [newEvent(), tooLarge], { expected: "any" }), "EventTooLarge");
    await refused(collect(store.readStream(stream)), "StreamNotFound");
  },

  "11 a stream may be named oddly, up to a length": async ({ store }) => {
    const unique = streamName("x").slice(-20);
    const odd = [`per%cent_${unique}`, `'quote"; drop -- ${unique}`, `ünï 🜂 ${unique}`, `a/b\\c d${unique}`];
    const longest = `${unique}${"l".repeat(500 - unique.length)}`;
    for (const stream of [...odd, longest]) {
      await store.append(stream, [newEvent()], { expected: "noStream" });
      expect((await collect(store.readStream(stream))).map((event) => event.stream)).toEqual([stream]);
    }
    for (const stream of ["", `${longest}l`, "a\u0000b", "$system"]) {
      await refused(store.append(stream, [newEvent()], { expected: "any" }), "InvalidEvent");
    }
  },

  "12 a batch that fails in the middle leaves nothing": async ({ store, idempotent }) => {
    const stream = streamName("atomic");
    const elsewhere = newEvent();
    await store.append(streamName("elsewhere"), [elsewhere], { expected: "noStream" });
    const batch = [newEvent(), newEvent({ id: elsewhere.id }), newEvent()];
    if (idempotent === "always") {
      await refused(store.append(stream, batch, { expected: "noStream" }), "EventIdConflict");
    }
    const twice = [newEvent(), newEvent({ id: elsewhere.id }), newEvent({ id: elsewhere.id })];
    await refused(store.append(stream, twice, { expected: "noStream" }), "EventIdConflict");
    const invalid = [newEvent(), newEvent({ data: { bad: Number.NaN } })];
    await refused(store.append(stream, invalid, { expected: "noStream" }), "InvalidEvent");
    await refused(collect(store.readStream(stream)), "StreamNotFound");
  },
};
