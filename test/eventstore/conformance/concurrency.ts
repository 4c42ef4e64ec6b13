import { expect } from "vitest";
import type { EventStore } from "../../../eventstore/event-store.ts";
import {
  type Cases,
  collect,
  newEvent,
  newEvents,
  positions,
  revisions,
  type Subject,
  streamName,
} from "./subject.ts";

export const concurrencyCases: Cases = {
  "20 of many writers that begin a stream exactly one wins": async (subject) => {
    const stream = streamName("race");
    const won = await race(subject, 32, (store) =>
      store.append(stream, [newEvent()], { expected: "noStream" }),
    );
    expect(won).toBe(1);
    expect(await collect(subject.store.readStream(stream))).toHaveLength(1);
  },

  "21 of many writers at a revision exactly one wins, and no revision is left out": async (subject) => {
    const stream = streamName("race");
    await subject.store.append(stream, [newEvent()], { expected: "noStream" });
    for (let revision = 0n; revision < 5n; revision += 1n) {
      const won = await race(subject, 16, (store) =>
        store.append(stream, newEvents(1), { expected: revision }),
      );
      expect(won).toBe(1);
    }
    const stored = await collect(subject.store.readStream(stream));
    expect(revisions(stored)).toEqual([0n, 1n, 2n, 3n, 4n, 5n]);
  },

  "22 two deciders that meet end with the changes of both": async ({ store, open }) => {
    const stream = streamName("meet");
    await store.append(stream, [newEvent()], { expected: "noStream" });
    const bothHaveRead = barrier(2);
    const decide = async (client: EventStore, who: string) => {
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const seen = await collect(client.readStream(stream));
        if (attempt === 0) await bothHaveRead();
        const expected = BigInt(seen.length - 1);
        const event = newEvent({ data: { who, sum: seen.length } });
        const done = await client.append(stream, [event], { expected }).catch(ifConflict);
        if (done !== undefined) return attempt;
      }
      return expect.fail("still refused after three attempts");
    };
    const attempts = await Promise.all([decide(store, "a"), decide(open(), "b")]);
    expect(attempts.toSorted()).toEqual([0, 1]);
    const stored = await collect(store.readStream(stream));
    expect(stored.slice(1).map(({ data }) => data["sum"])).toEqual([1, 2]);
    expect(
      stored
        .slice(1)
        .map(({ data }) => data["who"])
        .toSorted(),
    ).toEqual(["a", "b"]);
  },

  "23 every stream is dense and its positions rise, whoever wrote beside it": async ({ store, open }) => {
    const start = await store.head();
    const clients = [store, open(), open(), open()];
    const streams = Array.from({ length: 8 }, (_, index) => streamName(`dense${index}`));
    await Promise.all(
      streams.flatMap((stream) =>
        clients.map(async (client) => {
          for (let index = 0; index < 10; index += 1)
            await client.append(stream, newEvents(2), { expected: "any" });
        }),
      ),
    );
    for (const stream of streams) {
      const stored = await collect(store.readStream(stream));
      expect(revisions(stored)).toEqual(Array.from({ length: 80 }, (_, index) => BigInt(index)));
      expect(positions(stored)).toEqual(positions(stored).toSorted((a, b) => (a < b ? -1 : 1)));
    }
    const all = positions(await collect(store.readAll({ after: start })));
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThanOrEqual(640);
  },
};

/** Lets `count` writers on several clients try at once; answers how many were accepted. */
async function race(
  { store, open }: Subject,
  count: number,
  attempt: (store: EventStore) => Promise<unknown>,
): Promise<number> {
  const clients = [store, open(), open()];
  const outcomes = await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const client = clients[index % clients.length] ?? store;
      return attempt(client).then(() => true, ifConflict);
    }),
  );
  return outcomes.filter(Boolean).length;
}

function ifConflict(error: unknown): undefined {
  expect(error).toMatchObject({ kind: "RevisionConflict" });
  return undefined;
}

/** Resolves for everybody once `count` have come. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let come = 0;
  return () => {
    come += 1;
    if (come === count) resolve();
    return promise;
  };
}
