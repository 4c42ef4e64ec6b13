import fc from "fast-check";
import { expect } from "vitest";
import type { RecordedEvent } from "../../../domain/event.ts";
import type { EventStore } from "../../../eventstore/event-store.ts";
import { type Counted, type CountRow, counter, type ProjectionSubject } from "../projection-subject.ts";
import { type Cases, collect, newEvent, positions } from "./subject.ts";

/**
 * In streams with an even number every seventh event removes the row, so that pasts have holes; the others never
 * forget an event that was left out.
 */
export const past = (name: string) =>
  counter(name, `${name}-`, {
    temporal: true,
    apply: (row, event) => {
      if (/[02468]$/.test(event.stream) && event.revision % 7n === 6n) return undefined;
      const count = (row?.count ?? 0) + 1;
      return { count, last: String(event.revision), parity: count % 2 === 0 ? "even" : "odd" };
    },
  });

export const asOfCases: Cases<ProjectionSubject> = {
  "what is read as of a position or a time equals a fresh fold of the events until then": async ({
    store,
    run,
  }) => {
    await writeMany(store, "past-");
    const { readers, stop } = run([past("past")]);
    const [reader] = readers;
    const log = await collect(store.readAll());
    await reader.waitFor(await store.head());
    const streams = [...new Set(log.map(({ stream }) => stream))];
    const moment = fc.oneof(
      fc.bigInt({ min: 0n, max: BigInt(log.length) + 2n }).map((position) => async () => position),
      fc.constantFrom(...log).map(
        ({ recordedAt }) =>
          () =>
            store.positionAt(recordedAt),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...streams), moment, async (key, when) => {
        const asOf = await when();
        const then = foldUntil(log, asOf);
        expect(await reader.get(key, { asOf })).toEqual(then.get(key));
        const page = await reader.list({ asOf, limit: 7, where: { parity: "odd" } });
        const odd = [...then]
          .filter(([, row]) => row.parity === "odd")
          .toSorted(([a], [b]) => (a < b ? -1 : 1));
        expect(page.items.map((item) => [item.key, item.row])).toEqual(odd.slice(0, 7));
        expect(page.next).toBe(odd.length > 7 ? odd[6]?.[0] : null);
      }),
      { numRuns: 150 },
    );
    await stop();
  },

  "as of a position that is not folded yet it waits for it": async ({ store, run }) => {
    const { readers, stop } = run([past("waits")]);
    await readers[0].waitFor(0n);
    const stream = "waits-1";
    const { position } = await store.append(stream, [newEvent({ type: "Counted" })], {
      expected: "noStream",
    });
    expect(await readers[0].get(stream, { asOf: position })).toMatchObject({ count: 1 });
    expect(await readers[0].get(stream, { asOf: position - 1n })).toBeUndefined();
    expect(await readers[0].get(stream, { asOf: position + 1_000n })).toMatchObject({ count: 1 });
    await stop();
  },

  "a projection that becomes temporal without a new version is refused: its past is missing": async ({
    store,
    run,
  }) => {
    const plain = counter("later", "later-");
    const first = run([plain]);
    await store.append("later-1", [newEvent({ type: "Counted" })], { expected: "any" });
    await first.readers[0].waitFor(await store.head());
    await expect(first.readers[0].get("later-1", { asOf: 1n })).rejects.toMatchObject({ code: "INTERNAL" });
    await first.stop();
    const second = run([{ ...plain, temporal: true }]);
    await expect.poll(() => second.log.find(({ level }) => level === "error")).toBeDefined();
    await second.stop();
    const third = run([{ ...plain, temporal: true, version: 2 }]);
    const asOf = await store.head();
    await expect
      .poll(() => third.readers[0].get("later-1", { asOf }).catch(() => undefined))
      .toMatchObject({ count: 1 });
    await third.stop();
  },
};

/** Thirty streams, unevenly, with gaps of time between. */
async function writeMany(store: EventStore, prefix: string): Promise<void> {
  for (let index = 0; index < 900; index += 1) {
    const stream = `${prefix}${(index * index + index) % 31}`;
    await store.append(stream, [newEvent({ type: "Counted" })], { expected: "any" });
  }
  const log = await collect(store.readAll());
  expect(positions(log).at(-1)).toBe(await store.head());
}

/** The rows of `past` as they were at a position, folded anew. */
export function foldUntil(log: readonly RecordedEvent[], position: bigint): Map<string, CountRow> {
  const { apply } = past("past");
  const rows = new Map<string, CountRow>();
  for (const event of log as readonly RecordedEvent<Counted>[]) {
    if (event.position > position) break;
    const row = apply(rows.get(event.stream), event);
    if (row === undefined) rows.delete(event.stream);
    else rows.set(event.stream, row);
  }
  return rows;
}
