import fc from "fast-check";
import { expect } from "vitest";
import type { RecordedEvent } from "../../../domain/event.ts";
import type { EventStore } from "../../../eventstore/event-store.ts";
import { postgresEventStore } from "../../../eventstore/postgres/postgres.ts";
import type { Counted, CountRow, ProjectionSubject } from "../projection-subject.ts";
import { figures, lasting, spread } from "../soaking.ts";
import { foldUntil, past } from "./as-of.ts";
import { type Cases, collect, newEvent } from "./subject.ts";

/** On a log that holds nothing else. */
export const longPastCases = (sizes: {
  readonly events: number;
  readonly reads: number;
}): Cases<ProjectionSubject> => ({
  [`${sizes.reads} reads as of any position or time of ${sizes.events} events equal a fresh fold until then`]:
    async ({ database, run }) => {
      const definition = past("large");
      const store = postgresEventStore({ pool: database.pool, clock: leapingClock() });
      const { readers, stop, log: complaints } = run([definition]);
      const seconds = await lasting(() => scatter(store, "large-", sizes.events));
      const log = await collect(store.readAll());
      expect(log).toHaveLength(sizes.events);
      await readers[0].waitFor(await store.head());
      const tooks: number[] = [];
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...log), anyMoment(log), async (event, any) => {
          const { stream } = event;
          const moment = typeof any === "function" ? any(event) : any;
          const asOf = typeof moment === "bigint" ? moment : await store.positionAt(moment);
          expect(asOf).toBe(positionUntil(log, moment));
          const began = performance.now();
          const found = await readers[0].get(stream, { asOf });
          tooks.push(performance.now() - began);
          expect(found).toEqual(freshRow(definition, log, stream, asOf));
        }),
        { numRuns: sizes.reads },
      );
      for (const part of [1n, 2n, 3n, 4n]) {
        const asOf = (BigInt(log.length) * part) / 4n;
        const all = await collect(readers[0].scan({ asOf }));
        expect(new Map(all.map(({ key, row }) => [key, row]))).toEqual(foldUntil(log, asOf));
      }
      await stop();
      await store.close();
      expect(complaints.filter(({ level }) => level !== "info")).toEqual([]);
      figures(`${log.length} events written in ${seconds} s; read as of: ${spread(tooks)}`);
    },
});

type Moment = bigint | Date;

/** Any position; a time at, before or after that of any event; or next to the event whose stream is read. */
const anyMoment = (
  log: readonly RecordedEvent[],
): fc.Arbitrary<Moment | ((event: RecordedEvent) => Moment)> =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: BigInt(log.length) }),
    fc.tuple(fc.constantFrom(...log), offMs).map(([{ recordedAt }, off]) => later(recordedAt, off)),
    fc.constantFrom(-1n, 0n, 1n).map(
      (off) =>
        ({ position }: RecordedEvent) =>
          position + off,
    ),
    offMs.map(
      (off) =>
        ({ recordedAt }: RecordedEvent) =>
          later(recordedAt, off),
    ),
  );

const offMs = fc.oneof(fc.constantFrom(-1, 0, 1), fc.integer({ min: -3_000, max: 3_000 }));
const later = (time: Date, ms: number): Date => new Date(time.getTime() + ms);

function positionUntil(log: readonly RecordedEvent[], moment: Moment): bigint {
  if (typeof moment === "bigint") return moment;
  return log.findLast(({ recordedAt }) => recordedAt <= moment)?.position ?? 0n;
}

function freshRow(
  { apply }: ReturnType<typeof past>,
  log: readonly RecordedEvent[],
  stream: string,
  asOf: bigint,
): CountRow | undefined {
  let row: CountRow | undefined;
  for (const event of log as readonly RecordedEvent<Counted>[]) {
    if (event.position > asOf) break;
    if (event.stream === stream) row = apply(row, event);
  }
  return row;
}

/** Up to four seconds pass between one append and the next, so that most times lie between two events. */
function leapingClock(): () => Date {
  let nowMs = Date.UTC(2026, 0, 1);
  return () => {
    nowMs += Math.floor(Math.random() * 4_000);
    return new Date(nowMs);
  };
}

/** Single events over 400 streams, a few to some hundred side by side, as requests come. */
async function scatter(store: EventStore, prefix: string, events: number): Promise<void> {
  for (let left = events; left > 0; ) {
    const side = Math.min(left, 1 + Math.floor(Math.random() ** 2 * 400));
    left -= side;
    const streams = Array.from({ length: side }, () => `${prefix}${Math.floor(Math.random() ** 2 * 400)}`);
    await Promise.all(
      streams.map((stream) => store.append(stream, [newEvent({ type: "Counted" })], { expected: "any" })),
    );
  }
}
