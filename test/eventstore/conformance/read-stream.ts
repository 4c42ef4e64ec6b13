import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import { recordedHash } from "../../../eventstore/hash-chain.ts";
import { type Cases, collect, ids, newEvents, refused, revisions, streamName } from "./subject.ts";

export const readStreamCases: Cases = {
  "24 a stream is read forwards and backwards": async ({ store }) => {
    const stream = streamName("both");
    const batch = newEvents(5);
    await store.append(stream, batch, { expected: "noStream" });
    expect(ids(await collect(store.readStream(stream)))).toEqual(ids(batch));
    expect(ids(await collect(store.readStream(stream, { backwards: true })))).toEqual(
      ids(batch.toReversed()),
    );
  },

  "25 the revision to read from is included": async ({ store }) => {
    const stream = streamName("from");
    await store.append(stream, newEvents(5), { expected: "noStream" });
    expect(revisions(await collect(store.readStream(stream, { from: 2n })))).toEqual([2n, 3n, 4n]);
    expect(revisions(await collect(store.readStream(stream, { from: 2n, backwards: true })))).toEqual([
      2n,
      1n,
      0n,
    ]);
    expect(revisions(await collect(store.readStream(stream, { from: 0n, backwards: true })))).toEqual([0n]);
  },

  "26 a limit holds both ways": async ({ store }) => {
    const stream = streamName("limit");
    await store.append(stream, newEvents(5), { expected: "noStream" });
    expect(revisions(await collect(store.readStream(stream, { limit: 2 })))).toEqual([0n, 1n]);
    expect(revisions(await collect(store.readStream(stream, { limit: 2, backwards: true })))).toEqual([
      4n,
      3n,
    ]);
    expect(revisions(await collect(store.readStream(stream, { from: 4n, limit: 9 })))).toEqual([4n]);
    expect(await collect(store.readStream(stream, { limit: 0 }))).toEqual([]);
  },

  "27 a stream that does not exist is not found": async ({ store }) => {
    await refused(collect(store.readStream(streamName("missing"))), "StreamNotFound");
  },

  "28 beyond the end there is nothing": async ({ store }) => {
    const stream = streamName("beyond");
    await store.append(stream, newEvents(2), { expected: "noStream" });
    expect(await collect(store.readStream(stream, { from: 2n }))).toEqual([]);
    expect(revisions(await collect(store.readStream(stream, { from: 99n, backwards: true })))).toEqual([
      1n,
      0n,
    ]);
  },

  "29 breaking off a read releases what it held": async ({ store }) => {
    const stream = streamName("early");
    await store.append(stream, newEvents(50), { expected: "noStream" });
    // More often than any pool has connections: a leak would end in a wait.
    for (let index = 0; index < 40; index += 1) {
      for await (const event of store.readStream(stream)) if (event.revision === 1n) break;
      for await (const event of store.readAll()) if (event.position > 0n) break;
    }
    expect(await collect(store.readStream(stream))).toHaveLength(50);
  },

  "30 a hundred thousand events are read in bounded memory": async ({ store, multiply }) => {
    const stream = streamName("long");
    const text = "x".repeat(100);
    const append = () =>
      store.append(
        stream,
        newEvents(1_000, () => ({ data: { text } })),
        { expected: "any" },
      );
    await append();
    if (multiply === undefined) for (let more = 1; more < 100; more += 1) await append();
    else await multiply(stream, 99_000);
    const before = heapBytes();
    let count = 0;
    let most = 0;
    for await (const event of store.readStream(stream)) {
      if (event.revision !== BigInt(count)) expect.fail(`revision ${event.revision} in place ${count}`);
      count += 1;
      if (count % 20_000 === 0) most = Math.max(most, heapBytes() - before);
    }
    expect(count).toBe(100_000);
    // All at once they take more than 80 MiB.
    expect(most).toBeLessThan(24 * 1024 * 1024);
  },

  "31 what the envelope says comes back, and each event is chained to the one before": async ({ store }) => {
    const stream = streamName("envelope");
    const batch = newEvents(3, (index) => ({ type: `Type${index}` }));
    const earlier = Date.now() - 60_000;
    const appended = await store.append(stream, batch, { expected: "noStream" });
    const stored = await collect(store.readStream(stream));
    expect(stored).toEqual(appended.events);
    expect(stored.map(({ id, type, data, metadata }) => ({ id, type, data, metadata }))).toEqual(batch);
    let previous: string | null = null;
    for (const event of stored) {
      expect(event.recordedAt.getTime()).toBeGreaterThan(earlier);
      expect(event.hash).toBe(recordedHash(event, previous));
      previous = event.hash;
    }
  },
};

/** Without the hundred thousand events: a store that is itself in memory would only measure the test. */
export const shortReadStreamCases: Cases = Object.fromEntries(
  Object.entries(readStreamCases).filter(([title]) => !title.startsWith("30 ")),
);

/** What is in use after a collection that was forced. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}
