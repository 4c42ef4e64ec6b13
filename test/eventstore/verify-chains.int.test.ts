import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EventStore } from "../../eventstore/event-store.ts";
import { postgresEventStore } from "../../eventstore/postgres/postgres.ts";
import { type Finding, verifyChains } from "../../eventstore/verify-chains.ts";
import { newEvent } from "./conformance/subject.ts";
import { type Database, database } from "./database.ts";

const streams = ["namespace-orders", "namespace-invoices", "team-payments", "team-payments-emea"];
const rounds = 8;
const total = streams.length * rounds;

const itself = "what is stored of it does not fit its hash";

/** What somebody does to one stored event. */
const contents: Readonly<Record<string, string>> = {
  "an event of another type": "type = 'Other'",
  "an event with another id": "id = gen_random_uuid()",
  "an event of another time": "recorded_at = recorded_at + interval '1 ms'",
  "an event with another hash": "hash = overlay(hash placing 'x' from 17 for 1)",
};
const places: Readonly<Record<string, string>> = {
  "an event that was put into another stream": "stream = 'namespace-forged'",
  "an event with another revision": "revision = revision + 100",
  "an event that was moved to the end": `position = ${total + 1}`,
  "an event that was moved far away": "position = 7000000000000",
};

describe("verifying the chains of all streams", () => {
  let own: Database;
  let store: EventStore;
  beforeAll(async () => {
    own = await database();
    store = postgresEventStore({ pool: own.pool });
    for (let round = 0; round < rounds; round += 1) {
      for (const stream of streams) {
        const data = { round, what: `paid to ${stream}` };
        await store.append(stream, [newEvent({ data })], { expected: "any" });
      }
    }
    await own.pool.query("create table kept as select * from eventstore.events");
  });
  afterAll(async () => {
    await store?.close();
    await own?.drop();
  });

  /** In parts so small that every chain crosses them. */
  async function verified(limit = 5) {
    const whole = { events: 0, streams: 0, findings: [] as Finding[] };
    for (let after = 0n; ; ) {
      const part = await verifyChains(store, { after, limit });
      whole.events += part.events;
      whole.streams += part.streams;
      whole.findings.push(...part.findings);
      after = part.position;
      if (part.events < limit) return whole;
    }
  }

  /** What is found while the log is as the statement leaves it. */
  async function foundAfter(statement: string, values: unknown[] = []): Promise<readonly Finding[]> {
    await own.pool.query(statement, values);
    try {
      return (await verified()).findings;
    } finally {
      await own.pool.query(
        "truncate eventstore.events; insert into eventstore.events select * from kept order by position",
      );
    }
  }

  const placeOf = (position: number) => ({
    stream: streams[(position - 1) % streams.length],
    revision: BigInt(Math.floor((position - 1) / streams.length)),
    position: BigInt(position),
  });

  it("finds nothing where nothing was changed, in parts of any size", async () => {
    for (const limit of [1, 5, total, 1_000]) {
      expect(await verified(limit)).toEqual({ events: total, streams: streams.length, findings: [] });
    }
  });

  it.each(["data", "metadata"])(
    "names the one event of which a byte of its %s was changed",
    async (column) => {
      for (let position = 1; position <= total; position += 3) {
        const { rows } = await own.pool.query<{ text: string }>(
          `select ${column}::text as text from eventstore.events where position = $1`,
          [position],
        );
        const texts = flipped(rows[0]?.text ?? "").filter((_, index) => index % 29 === position % 29);
        expect(texts).not.toEqual([]);
        for (const text of texts) {
          const set = `update eventstore.events set ${column} = $2 where position = $1`;
          expect(await foundAfter(set, [position, text])).toEqual([{ ...placeOf(position), wrong: itself }]);
        }
      }
    },
    60_000,
  );

  it.each(Object.entries(contents))("names %s, and not the one that follows from it", async (_, set) => {
    for (let position = 2; position < total - streams.length; position += 5) {
      const change = `update eventstore.events set ${set} where position = $1`;
      expect(await foundAfter(change, [position])).toEqual([{ ...placeOf(position), wrong: itself }]);
    }
  });

  it.each(Object.entries(places))("finds %s, and names the stream it is missing in", async (_, set) => {
    for (let position = 2; position < total - streams.length; position += 5) {
      const found = await foundAfter(`update eventstore.events set ${set} where position = $1`, [position]);
      expect(found.map(({ stream }) => stream)).toContain(placeOf(position).stream);
      expect(found.map(({ wrong }) => wrong).join("\n")).toMatch(/is missing|was appended as|stands/);
    }
  });

  it("finds that events were removed, be they the last of their stream", async () => {
    const removed = "delete from eventstore.events where position = any($1)";
    expect(await foundAfter(removed, [[10]])).toEqual([
      { ...placeOf(11), wrong: "position 10 is missing before it: an event was removed or moved" },
      { ...placeOf(14), wrong: "revision 2 is missing before it" },
    ]);
    expect(await foundAfter(removed, [[total - 1]])).toEqual([
      {
        ...placeOf(total),
        wrong: `position ${total - 1} is missing before it: an event was removed or moved`,
      },
    ]);
  });
});

/** The text with one byte changed, once for each byte where that is JSON still and means something else. */
const flipped = (text: string): readonly string[] =>
  [...text].flatMap((character, index) => {
    const other = String.fromCharCode(character.charCodeAt(0) ^ 1);
    const changed = text.slice(0, index) + other + text.slice(index + 1);
    return meansTheSame(changed, text) ? [] : [changed];
  });

function meansTheSame(changed: string, text: string): boolean {
  try {
    return JSON.stringify(JSON.parse(changed)) === JSON.stringify(JSON.parse(text));
  } catch {
    // Postgres takes no JSON that is none.
    return true;
  }
}
