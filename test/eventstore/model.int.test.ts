import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EventStore, Expected, Filter } from "../../eventstore/event-store.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { collect, newEvent } from "./conformance/subject.ts";
import { type PostgresSubject, postgresSubject } from "./postgres-subject.ts";

/** Whatever is asked of them, in whatever order, memory and Postgres answer the same: events, times, hashes, errors. */
let subject: PostgresSubject & { dispose(): Promise<void> };
beforeAll(async () => {
  subject = await postgresSubject();
});
afterAll(() => subject.dispose());

it("memory and Postgres agree on any sequence of appends and reads", async () => {
  let now = new Date(0);
  const clock = () => now;
  const real = subject.openWith({ clock });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      await subject.database.pool.query("delete from eventstore.events");
      now = new Date("2026-11-01T00:00:00Z");
      const model = memoryEventStore({ clock });
      for (const { ask, tickMs } of steps) {
        now = new Date(now.getTime() + tickMs);
        const [expected, actual] = [await answer(model, ask), await answer(real, ask)];
        expect(actual).toEqual(expected);
      }
      expect(await collect(real.readAll())).toEqual(await collect(model.readAll()));
    }),
    { numRuns: 150 },
  );
}, 60_000);

type Ask = (store: EventStore) => Promise<unknown>;

const streams = ["alpha", "beta", "al%ha"];
const knownIds = Array.from({ length: 6 }, (_, index) => `00000000-0000-4000-8000-00000000000${index}`);

const stream = fc.constantFrom(...streams);
const type = fc.constantFrom("Made", "Moved");
const revision = fc.bigInt({ min: -1n, max: 6n });
const position = fc.bigInt({ min: -1n, max: 12n });
const limit = fc.nat({ max: 5 });
const expected: fc.Arbitrary<Expected> = fc.oneof(
  fc.constantFrom("any", "noStream", "streamExists"),
  revision,
);
const id = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...knownIds) },
  { weight: 2, arbitrary: fc.uuid() },
);
const event = fc
  .record({ id, type, data: fc.dictionary(fc.string(), fc.jsonValue()) })
  .map(({ data, ...rest }) => newEvent({ ...rest, data: data as ReturnType<typeof newEvent>["data"] }));
const filter: fc.Arbitrary<Filter> = fc.record(
  { streamPrefixes: fc.subarray(["al", "al%", "b", "gamma"]), types: fc.subarray(["Made", "Moved", "Mo"]) },
  { requiredKeys: [] },
);

const append = fc.record({ stream, events: fc.array(event, { maxLength: 3 }), expected }).map(
  ({ stream, events, expected }): Ask =>
    (store) =>
      store.append(stream, events, { expected }),
);
const readStream = fc
  .record({
    stream,
    options: fc.record({ from: revision, limit, backwards: fc.boolean() }, { requiredKeys: [] }),
  })
  .map(
    ({ stream, options }): Ask =>
      (store) =>
        collect(store.readStream(stream, options)),
  );
const readAll = fc
  .record({ after: position, limit, backwards: fc.boolean(), filter }, { requiredKeys: [] })
  .map(
    (options): Ask =>
      (store) =>
        collect(store.readAll(options)),
  );
const head = fc.constant<Ask>((store) => store.head());

const step = fc.record({
  ask: fc.oneof(
    { weight: 5, arbitrary: append },
    { weight: 2, arbitrary: readStream },
    { weight: 2, arbitrary: readAll },
    head,
  ),
  tickMs: fc.integer({ min: -2_000, max: 5_000 }),
});

const answer = (store: EventStore, ask: Ask): Promise<unknown> =>
  ask(store).catch((error: { kind?: string; actual?: bigint }) => {
    if (error.kind === undefined) throw error;
    return { refused: error.kind, actual: error.actual };
  });
