import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../domain/event.ts";
import { type Anchor, cutOff, emptyLog, nextAnchor } from "../../eventstore/anchor.ts";
import type { EventStore } from "../../eventstore/event-store.ts";
import { recordedHash } from "../../eventstore/hash-chain.ts";
import { postgresEventStore } from "../../eventstore/postgres/postgres.ts";
import { type Finding, verifyChains } from "../../eventstore/verify-chains.ts";
import { newEvent } from "./conformance/subject.ts";
import { type Database, database } from "./database.ts";

const streams = ["namespace-orders", "team-payments", "audit"];
const days = 4;
const eventsADay = 6;
const total = days * eventsADay;

describe("a log that was anchored day by day", () => {
  let own: Database;
  let store: EventStore;
  const anchors: Anchor[] = [];
  beforeAll(async () => {
    own = await database();
    store = postgresEventStore({ pool: own.pool });
    for (let day = 1; day <= days; day += 1) {
      for (let event = 0; event < eventsADay; event += 1) {
        const stream = streams[event % streams.length] ?? "";
        await store.append(stream, [newEvent({ data: { paid: day * 100 + event } })], { expected: "any" });
      }
      const anchor = await nextAnchor(store, anchors.at(-1), new Date(Date.UTC(2026, 0, day)));
      if (typeof anchor === "object") anchors.push(anchor);
    }
    await own.pool.query("create table kept as select * from eventstore.events");
  });
  afterAll(async () => {
    await store?.close();
    await own?.drop();
  });

  /** In parts so small that anchors stand within them, at their ends and beyond. */
  async function verified(limit = 5): Promise<{ findings: readonly Finding[]; anchors: number }> {
    const whole = { findings: [] as Finding[], anchors: 0 };
    for (let after = 0n, digest: string | null = emptyLog; ; ) {
      const part = await verifyChains(store, { after, limit, anchors, digest });
      whole.findings.push(...part.findings);
      whole.anchors += part.anchors;
      ({ position: after, digest } = part);
      if (part.events < limit) return whole;
    }
  }

  const mended = () =>
    own.pool.query(
      "truncate eventstore.events; insert into eventstore.events select * from kept order by position",
    );

  it("has an anchor a day, and none where nothing was added", async () => {
    expect(anchors.map(({ position, at }) => [position, at.slice(0, 10)])).toEqual([
      ["6", "2026-01-01"],
      ["12", "2026-01-02"],
      ["18", "2026-01-03"],
      ["24", "2026-01-04"],
    ]);
    expect(await nextAnchor(store, anchors.at(-1), new Date())).toBeUndefined();
  });

  it("is compared with each of them, in parts of any size", async () => {
    for (const limit of [1, 5, 6, total, 1_000])
      expect(await verified(limit)).toEqual({ findings: [], anchors: days });
    expect(cutOff(anchors, await store.head())).toBeUndefined();
  });

  it("can be anchored anew from its beginning: the digest says the same", async () => {
    expect(await nextAnchor(store, undefined, new Date(Date.UTC(2026, 0, days)))).toEqual(anchors.at(-1));
  });

  it("is found to be cut off, wherever its end was taken", async () => {
    for (let last = total - 1; last >= 0; last -= 1) {
      await own.pool.query("delete from eventstore.events where position > $1", [last]);
      // Chains of hashes know nothing of it.
      expect((await verified()).findings).toEqual([]);
      expect(cutOff(anchors, await store.head())).toEqual({
        position: BigInt(last),
        wrong: expect.stringContaining("its end was cut off"),
      });
      expect(await nextAnchor(store, anchors.at(-1), new Date())).toBe("cut");
    }
    await mended();
  });

  it("is found to be written anew, also where its end was cut and grew again", async () => {
    await own.pool.query("delete from eventstore.events where position > 15");
    for (let event = 0; event < 15; event += 1)
      await store.append("audit", [newEvent({ data: { paid: 0 } })], { expected: "any" });
    expect((await verified()).findings).toEqual([
      { stream: null, revision: null, position: 18n, wrong: expect.stringContaining("2026-01-03") },
      { stream: null, revision: null, position: 24n, wrong: expect.stringContaining("written anew") },
    ]);
    await mended();
  });

  it("is found to be written anew where every hash fits, whichever event was changed", async () => {
    for (let position = 1; position <= total; position += 1) {
      await forge(position);
      const chains = await verifyChains(store, { after: 0n, limit: 1_000 });
      expect(chains.findings).toEqual([]);
      const { findings } = await verified();
      const day = Math.ceil(position / eventsADay);
      expect(findings[0]).toMatchObject({ stream: null, position: BigInt(day * eventsADay) });
      await mended();
    }
  });

  /** Changes what an event says, and gives it and all that follow it in its stream hashes that fit. */
  async function forge(position: number): Promise<void> {
    const forged: RecordedEvent[] = [];
    let previous: string | null = null;
    const target = await at(position);
    for await (const event of store.readStream(target.stream)) {
      const data = event.position === target.position ? { paid: 1_000_000 } : event.data;
      const changed: RecordedEvent = { ...event, data };
      previous = recordedHash(changed, previous);
      forged.push({ ...changed, hash: previous });
    }
    for (const { data, hash, position: place } of forged) {
      const set = "update eventstore.events set data = $2, hash = $3 where position = $1";
      await own.pool.query(set, [place, JSON.stringify(data), hash]);
    }
  }

  async function at(position: number): Promise<RecordedEvent> {
    for await (const event of store.readAll({ after: BigInt(position - 1), limit: 1 })) return event;
    return expect.fail(`nothing stands at ${position}`);
  }
});
