import { expect } from "vitest";
import type { EventStore } from "../../../eventstore/event-store.ts";
import type { ProjectionReader } from "../../../eventstore/runner/reader.ts";
import type { CountRow, ProjectionSubject } from "../projection-subject.ts";
import { figures, lasting, spread } from "../soaking.ts";
import { foldUntil, past } from "./as-of.ts";
import { until } from "./postgres-gaps.ts";
import { count } from "./projections.ts";
import { type Cases, collect } from "./subject.ts";

export const longRebuildCases = (events: number): Cases<ProjectionSubject> => ({
  [`${events} events are folded anew under constant reads and writes: no error, the same rows and pasts`]:
    async ({ store, run }) => {
      const definition = past("rebuilt");
      const first = run([definition]);
      await inBulk(store, "rebuilt-", events);
      await first.readers[0].waitFor(await store.head());
      const known = new Map((await collect(first.readers[0].scan())).map(({ key, row }) => [key, row]));

      const second = run([{ ...definition, version: 2 }]);
      const rebuilt = () => second.log.some(({ message }) => message === "is served");
      const reading = new AbortController();
      const tooks: number[] = [];
      const readers = [first.readers[0], ...Array.from({ length: 7 }, () => second.readers[0])];
      const others = [
        ...readers.map((reader, index) => readConstantly(reader, known, index, tooks, reading.signal)),
        writeConstantly(store, "rebuilt-while-read", reading.signal),
      ];
      const waiting = async () => {
        const seconds = await lasting(() => until(async () => rebuilt(), 240_000));
        const readsUntilThen = tooks.length;
        await until(async () => tooks.length > readsUntilThen + readers.length);
        reading.abort();
        return { seconds, readsUntilThen };
      };
      const [{ seconds, readsUntilThen }] = await Promise.all([waiting(), ...others]).finally(() =>
        reading.abort(),
      );

      expect(second.log.find(({ message }) => message === "leads the projection")).toMatchObject({
        projection: "rebuilt v2",
        position: "0",
      });
      expect(readsUntilThen).toBeGreaterThan(100);
      await expectSame(first.readers[0], second.readers[0], store);
      await Promise.all([first.stop(), second.stop()]);
      const complaints = [...first.log, ...second.log].filter(({ level }) => level !== "info");
      expect(complaints).toEqual([]);
      figures(`${events} events rebuilt in ${seconds} s under reads: ${spread(tooks)}`);
    },
});

/** Two hundred streams that grow side by side, fifty events at a time. */
async function inBulk(store: EventStore, prefix: string, events: number): Promise<void> {
  const streams = Array.from({ length: 200 }, (_, index) => `${prefix}${String(index).padStart(3, "0")}`);
  for (let round = 0; round < events / 10_000; round += 1) {
    await Promise.all(streams.map((stream) => count(store, stream, 50)));
  }
}

/** Rows and pages, again and again: what nobody writes to must be there as it was, whichever version answers. */
async function readConstantly(
  reader: ProjectionReader<CountRow>,
  known: ReadonlyMap<string, CountRow>,
  first: number,
  tooks: number[],
  signal: AbortSignal,
): Promise<void> {
  const keys = [...known.keys()];
  for (let index = first; !signal.aborted; index += 7) {
    const place = index % keys.length;
    const key = keys[place] ?? "";
    const began = performance.now();
    const row = await reader.get(key);
    tooks.push(performance.now() - began);
    expect(row).toEqual(known.get(key));
    const { items } = await reader.list({ after: key, limit: 5 });
    const expected = keys.slice(place + 1, place + 6).map((one) => [one, known.get(one)]);
    expect(items.filter((item) => known.has(item.key)).map((item) => [item.key, item.row])).toEqual(expected);
  }
}

async function writeConstantly(store: EventStore, stream: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await count(store, stream, 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The same rows now, those of a fresh fold, and the same pasts. */
async function expectSame(
  one: ProjectionReader<CountRow>,
  other: ProjectionReader<CountRow>,
  store: EventStore,
): Promise<void> {
  const head = await store.head();
  for (const reader of [one, other]) await reader.waitFor(head);
  expect(await other.digest()).toBe(await one.digest());
  const now = new Map((await collect(other.scan())).map(({ key, row }) => [key, row]));
  expect(now).toEqual(foldUntil(await collect(store.readAll()), head));
  for (let part = 0n; part <= 8n; part += 1n) {
    const asOf = (head * part) / 8n;
    expect(await collect(other.scan({ asOf }))).toEqual(await collect(one.scan({ asOf })));
  }
}
