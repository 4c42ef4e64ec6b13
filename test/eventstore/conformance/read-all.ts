import { expect } from "vitest";
import type { Filter } from "../../../eventstore/event-store.ts";
import {
  type Cases,
  collect,
  ids,
  newEvent,
  newEvents,
  positions,
  revisions,
  streamName,
} from "./subject.ts";

export const readAllCases: Cases = {
  "32 the log is read oldest first, and newest first backwards": async ({ store }) => {
    const after = await store.head();
    const written = [];
    for (let index = 0; index < 6; index += 1) {
      const event = newEvent();
      await store.append(streamName(`s${index % 2}`), [event], { expected: "any" });
      written.push(event.id);
    }
    expect(ids(await collect(store.readAll({ after })))).toEqual(written);
    expect(ids(await collect(store.readAll({ backwards: true, limit: 6 })))).toEqual(written.toReversed());
  },

  "33 after is exclusive both ways": async ({ store }) => {
    const { events } = await store.append(streamName("bounds"), newEvents(4), { expected: "noStream" });
    const [first, second, third, fourth] = positions(events);
    if (first === undefined || third === undefined) return expect.fail("four events were stored");
    expect(positions(await collect(store.readAll({ after: first, limit: 3 })))).toEqual([
      second,
      third,
      fourth,
    ]);
    const back = await collect(store.readAll({ after: third, backwards: true, limit: 2 }));
    expect(positions(back)).toEqual([second, first]);
  },

  "34 a limit holds, also where the filter leaves most out": async ({ store }) => {
    const after = await store.head();
    const stream = streamName("few");
    for (let index = 0; index < 4; index += 1) {
      await store.append(streamName("many"), newEvents(700), { expected: "noStream" });
      await store.append(stream, [newEvent()], { expected: "any" });
    }
    const filter = { streamPrefixes: [stream] };
    expect(revisions(await collect(store.readAll({ after, filter, limit: 3 })))).toEqual([0n, 1n, 2n]);
    expect(revisions(await collect(store.readAll({ filter, limit: 2, backwards: true })))).toEqual([3n, 2n]);
    expect(await collect(store.readAll({ after, limit: 0 }))).toEqual([]);
  },

  "35 a filter takes beginnings of streams and types, and both together": async ({ store }) => {
    const after = await store.head();
    const [a, b, other] = [streamName("fil_a%"), streamName("fil_b"), streamName("filxb")];
    for (const stream of [a, b, other]) {
      await store.append(stream, [newEvent({ type: "One" }), newEvent({ type: "Two" })], {
        expected: "noStream",
      });
    }
    const found = async (filter: Filter) =>
      (await collect(store.readAll({ after, filter }))).map(({ stream, type }) => `${stream} ${type}`);
    expect(await found({ streamPrefixes: ["fil_b"] })).toEqual([`${b} One`, `${b} Two`]);
    expect(await found({ streamPrefixes: ["fil_a%", other] })).toEqual(
      [a, other].flatMap((stream) => [`${stream} One`, `${stream} Two`]),
    );
    expect(await found({ types: ["Two"] })).toEqual([`${a} Two`, `${b} Two`, `${other} Two`]);
    expect(await found({ types: ["One", "Tw"], streamPrefixes: ["fil_"] })).toEqual([`${a} One`, `${b} One`]);
    expect(await found({ streamPrefixes: ["no-such-stream"] })).toEqual([]);
    expect(await found({ types: [] })).toEqual([]);
  },

  "36 the order of the log is the order of every stream": async ({ store, open }) => {
    const after = await store.head();
    const streams = Array.from({ length: 5 }, (_, index) => streamName(`order${index}`));
    await Promise.all(
      [store, open()].flatMap((client) =>
        streams.map(async (stream) => {
          for (let index = 0; index < 8; index += 1)
            await client.append(stream, newEvents(3), { expected: "any" });
        }),
      ),
    );
    const all = await collect(store.readAll({ after }));
    for (const stream of streams) {
      expect(all.filter((event) => event.stream === stream)).toEqual(await collect(store.readStream(stream)));
    }
    expect(positions(all)).toEqual([...new Set(positions(all))].toSorted((x, y) => (x < y ? -1 : 1)));
  },

  "a time is the position of the last event that was recorded until then": async ({ store }) => {
    expect(await store.positionAt(new Date("1990-01-01T00:00:00Z"))).toBe(0n);
    for (let index = 0; index < 3; index += 1) {
      await store.append(streamName("time"), newEvents(2), { expected: "noStream" });
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    const all = await collect(store.readAll({ backwards: true, limit: 6 }));
    for (const { recordedAt } of all) {
      const last = all.find((event) => event.recordedAt <= recordedAt);
      expect(await store.positionAt(recordedAt)).toBe(last?.position);
    }
    expect(await store.positionAt(new Date(Date.now() + 3_600_000 * 24))).toBe(await store.head());
  },

  "37 what the store keeps for itself is no part of the log": async ({ store }) => {
    await store.append(streamName("ours"), [newEvent()], { expected: "noStream" });
    for await (const event of store.readAll({ backwards: true, limit: 1_000 })) {
      expect(event.stream.startsWith("$") || event.type.startsWith("$")).toBe(false);
    }
  },
};
