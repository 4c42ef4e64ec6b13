import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { postgresEventStore } from "../../../eventstore/postgres/postgres.ts";
import type { Database } from "../database.ts";
import type { PostgresSubject } from "../postgres-subject.ts";
import {
  type Cases,
  collect,
  eventCount,
  ids,
  isCaughtUp,
  newEvent,
  newEvents,
  patience,
  positions,
  refused,
  streamName,
  tail,
} from "./subject.ts";

/** Transactions that take long, fail or die between writing and commit: where a log on Postgres loses events. */
export const postgresGapCases: Cases<PostgresSubject> = {
  "38 an event whose commit takes long is not skipped for a quicker one": async (subject) => {
    const slow = newEvent({ type: "Slow" });
    await overtaking(subject, [[slow]]);
  },

  "39 nor are several of them": async (subject) => {
    await overtaking(subject, [
      [newEvent({ type: "Slow" })],
      [newEvent({ type: "Slow" })],
      [newEvent({ type: "Slow" })],
    ]);
  },

  "40 nor several of one transaction": async (subject) => {
    await overtaking(subject, [[newEvent(), newEvent({ type: "Slow" }), newEvent()]]);
  },

  "41 an append that is rolled back leaves no hole and holds nobody up": async ({
    store,
    open,
    database,
  }) => {
    await troubles(database);
    const after = await store.head();
    const tailing = tail(open(), { after });
    const [first, last] = [newEvent(), newEvent()];
    await store.append(streamName("before"), [first], { expected: "noStream" });
    await expect(
      store.append(streamName("doomed"), [newEvent({ type: "Doomed" })], { expected: "any" }),
    ).rejects.toThrow();
    await store.append(streamName("behind"), [last], { expected: "noStream" });
    await tailing.until(eventCount(2));
    await tailing.stop();
    expect(ids(tailing.events())).toEqual([first.id, last.id]);
    expect(positions(tailing.events())).toEqual([after + 1n, after + 2n]);
  },

  "42 a page may end inside a transaction, and an old transaction may write last": async ({
    store,
    database,
  }) => {
    const after = await store.head();
    const old = await database.pool.connect();
    await old.query("begin");
    await old.query("select txid_current()");
    await store.append(streamName("large"), newEvents(2_500), { expected: "noStream" });
    await old.query("select pg_advisory_xact_lock(7070001)");
    await old.query(
      `insert into eventstore.events (position, stream, revision, id, type, data, metadata, bytes, recorded_at, hash)
       select position + 1, $1, 0, gen_random_uuid(), 'Late', data, metadata, bytes, recorded_at, hash
       from eventstore.events order by position desc limit 1`,
      [streamName("late")],
    );
    const tailing = tail(store, { after });
    await tailing.until(isCaughtUp);
    await old.query("commit");
    old.release();
    await tailing.until(eventCount(2_501));
    await tailing.stop();
    expect(positions(tailing.events())).toEqual(
      Array.from({ length: 2_501 }, (_, i) => after + 1n + BigInt(i)),
    );
  },

  "43 a writer that is killed in the middle of an append stores all of it or nothing": async (subject) => {
    const { store, open, database } = subject;
    await troubles(database);
    const after = await store.head();
    const tailing = tail(open(), { after });
    const stream = streamName("killed");
    const batch = [newEvent(), newEvent({ type: "Slow" })];
    const victim = open();
    const gate = await closedGate(database);
    try {
      const killed = refused(victim.append(stream, batch, { expected: "noStream" }), "StoreUnavailable");
      await until(() => killWhere(database, `pid in (${waitingAtGate})`));
      await killed;
    } finally {
      await gate.open();
    }
    await refused(collect(store.readStream(stream)), "StreamNotFound");
    await victim.append(stream, batch, { expected: "noStream" });
    await store.append(streamName("next"), [newEvent()], { expected: "noStream" });
    await tailing.until(eventCount(3));
    await tailing.stop();
    expect(positions(tailing.events())).toEqual([after + 1n, after + 2n, after + 3n]);
  },

  "46 a transaction left open elsewhere on the server holds nobody up": async ({ store, open, database }) => {
    const neighbour = await database.beside();
    const idle = await neighbour.pool.connect();
    await idle.query("begin; create table held (id int); select txid_current()");
    const tailing = tail(open(), { after: await store.head() });
    await store.append(streamName("free"), newEvents(2), { expected: "noStream" });
    await tailing.until(eventCount(2));
    await tailing.stop();
    await idle.query("rollback");
    idle.release();
    await neighbour.drop();
  },

  "48 a log that was dumped and restored goes on from an old checkpoint": async ({ store, database }) => {
    const stream = streamName("moved");
    await store.append(stream, newEvents(5), { expected: "noStream" });
    const checkpoint = (await store.head()) - 3n;
    const target = await database.beside();
    const restored = postgresEventStore({ url: target.url });
    await restored.health();
    const { rows } = await database.pool.query(
      "select to_jsonb(e) as event from eventstore.events e order by random()",
    );
    await target.pool.query(
      "insert into eventstore.events select restored.* from unnest($1::jsonb[]) e, jsonb_populate_record(null::eventstore.events, e) restored",
      [rows.map(({ event }) => JSON.stringify(event))],
    );
    const tailing = tail(restored, { after: checkpoint });
    const event = newEvent();
    await restored.append(stream, [event], { expected: 4n });
    await tailing.until(eventCount(4));
    await tailing.stop();
    expect(positions(tailing.events())).toEqual([1n, 2n, 3n, 4n].map((step) => checkpoint + step));
    expect(ids(tailing.events()).at(-1)).toBe(event.id);
    await restored.close();
    await target.drop();
  },
};

/** Appends what takes long to commit, lets quicker ones follow, and sees that a tail gets all, in the log's order. */
async function overtaking({ store, open, database }: PostgresSubject, slow: ReturnType<typeof newEvents>[]) {
  await troubles(database);
  const after = await store.head();
  const tailing = tail(open(), { after });
  const quick = newEvents(5);
  const expected = quick.length + slow.flat().length;
  const client = open();
  const gate = await closedGate(database);
  const appends: Promise<unknown>[] = [];
  // They are awaited below; until then a failure must not end the run.
  const begin = (...begun: Promise<unknown>[]) => {
    for (const append of begun) append.catch(() => {});
    appends.push(...begun);
  };
  try {
    begin(...slow.map((batch) => open().append(streamName("slow"), batch, { expected: "noStream" })));
    await until(async () => (await database.pool.query(waitingAtGate)).rows.length > 0);
    begin(...quick.map((event) => client.append(streamName("quick"), [event], { expected: "noStream" })));
    // Where they can overtake, they have.
    await pause(300);
  } finally {
    await gate.open();
  }
  await Promise.all(appends);
  await tailing.until(eventCount(expected));
  await tailing.stop();
  const stored = await collect(store.readAll({ after }));
  expect(ids(tailing.events())).toEqual(ids(stored));
  expect(stored).toHaveLength(expected);
}

const gateLock = 7_079_999;
const waitingAtGate = `select pid from pg_locks where locktype = 'advisory' and objid = ${gateLock} and not granted
  and database = (select oid from pg_database where datname = current_database())`;

/** No event of type `Slow` is committed until it is opened. */
async function closedGate({ pool }: Database) {
  const holder = await pool.connect();
  await holder.query(`select pg_advisory_lock(${gateLock})`);
  return {
    async open(): Promise<void> {
      await holder.query(`select pg_advisory_unlock(${gateLock})`);
      holder.release();
    },
  };
}

/** Events of type `Slow` are committed only while the gate is open, `Doomed` ones never. */
export const troubles = (database: Database) =>
  database.pool.query(`
    create or replace function eventstore.trouble() returns trigger language plpgsql as $$
    begin
      if new.type = 'Doomed' then raise exception 'doomed'; end if;
      perform pg_advisory_xact_lock_shared(${gateLock});
      return null;
    end $$;
    drop trigger if exists trouble on eventstore.events;
    create constraint trigger trouble after insert on eventstore.events deferrable initially deferred
      for each row when (new.type in ('Slow', 'Doomed')) execute function eventstore.trouble();`);

/** Ends the database's connections of which `condition` holds, and waits for their end; whether there was one. */
export async function killWhere({ pool }: Database, condition: string): Promise<boolean> {
  const { rows } = await pool.query(
    `select pg_terminate_backend(pid, 10000) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and (${condition})`,
  );
  return rows.length > 0;
}

export async function until(test: () => Promise<boolean>, withinMs = patience.ms): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await test())) {
    if (Date.now() > deadline) expect.fail(`did not become true within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
