import { expect } from "vitest";
import { postgresPool } from "../../../eventstore/postgres/pool.ts";
import { until } from "../../setup/until.ts";
import { flakyNetwork } from "../flaky-network.ts";
import { countingPool, type PostgresSubject } from "../postgres-subject.ts";
import { killWhere } from "./postgres-gaps.ts";
import {
  type Cases,
  collect,
  eventCount,
  ids,
  isCaughtUp,
  newEvent,
  newEvents,
  refused,
  streamName,
  tail,
} from "./subject.ts";

const listens = `select 1 from pg_stat_activity
  where application_name = $1 and query like 'listen %' and state = 'idle'`;

/** What happens to callers when connections do not hold: 19, 57, 59, 60 and group J. */
export const postgresConnectionCases: Cases<PostgresSubject> = {
  "19 an append whose answer was lost after the commit is stored once when it is repeated": async (
    subject,
  ) => {
    const network = await flakyNetwork(subject.database.url);
    const client = subject.openWith({ url: network.url });
    const stream = streamName("reply");
    await client.health();
    const batch = newEvents(2);
    network.loseReplyTo("commit\0");
    await refused(client.append(stream, batch, { expected: "noStream" }), "StoreUnavailable");
    const stored = () => collect(subject.store.readStream(stream)).then(ids, () => []);
    // The connection may be gone before the server has done it.
    await until(async () => (await stored()).length > 0);
    expect(await stored()).toEqual(ids(batch));
    const again = await client.append(stream, batch, { expected: "noStream" });
    expect(ids(again.events)).toEqual(ids(batch));
    expect(await collect(subject.store.readStream(stream))).toHaveLength(2);
    await client.close();
    await network.close();
  },

  "57 a subscription outlives a cut network and killed connections without gap or repeat": async (
    subject,
  ) => {
    const { store, openWith, database } = subject;
    const network = await flakyNetwork(database.url);
    const client = openWith({ url: network.url });
    const after = await store.head();
    const stream = streamName("cut");
    const tailing = tail(client, { after });
    await tailing.until(isCaughtUp);
    const write = async () => store.append(stream, newEvents(700), { expected: "any" });
    await write();
    await Promise.all([network.cut(700), write()]);
    await write();
    await killWhere(database, "application_name = 'prism-eventstore'");
    // The writer's own connections were among them: it repeats what was not answered.
    const batch = newEvents(10);
    await until(() =>
      store.append(stream, batch, { expected: "any" }).then(
        () => true,
        () => false,
      ),
    );
    await tailing.until(eventCount(2_110));
    await tailing.stop();
    expect(tailing.events().map(({ revision }) => revision)).toEqual(
      Array.from({ length: 2_110 }, (_, i) => BigInt(i)),
    );
    await client.close();
    await network.close();
  },

  "59 without notifications polling delivers, with few queries": async ({ store, database, openWith }) => {
    const { pool, queries } = countingPool(database.url);
    const client = openWith({ pool, listen: false, pollMs: 100 });
    const tailing = tail(client, { after: await store.head() });
    await tailing.until(isCaughtUp);
    const [before, since] = [queries(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(queries() - before).toBeLessThanOrEqual(2 + (performance.now() - since) / 100);
    await store.append(streamName("polled"), [newEvent()], { expected: "noStream" });
    await tailing.until(eventCount(1));
    await tailing.stop();
    await client.close();
    await pool.end();
  },

  "60 a notification delivers an event at once, with three queries": async ({
    store,
    database,
    openWith,
  }) => {
    const name = streamName("listening");
    const { pool, queries } = countingPool(database.url, name);
    const client = openWith({ pool, pollMs: 60_000 });
    const tailing = tail(client, { after: await store.head() });
    await tailing.until(isCaughtUp);
    const before = queries();
    await until(async () => (await database.pool.query(listens, [name])).rows.length === 1);
    const events = 5;
    for (let count = 1; count <= events; count += 1) {
      await store.append(streamName("notified"), [newEvent()], { expected: "noStream" });
      await tailing.until(eventCount(count));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    // Each time where the log ends, the event, and that there is nothing behind it. Whenever they come: that there
    // was nothing behind the history, and a look for itself when it has begun to listen.
    expect(queries() - before).toBeLessThanOrEqual(3 * events + 2);
    await tailing.stop();
    await client.close();
    await pool.end();
  },

  "J processes that start at once on an empty database make its tables once": async ({
    database,
    openWith,
  }) => {
    const empty = await database.beside();
    const clients = Array.from({ length: 8 }, () => openWith({ url: empty.url }));
    await Promise.all(
      clients.map((client) => client.append(streamName("start"), [newEvent()], { expected: "any" })),
    );
    const { rows } = await empty.pool.query("select number from eventstore.migrations order by number");
    expect(rows.map(({ number }) => number)).toEqual(rows.map((_, index) => index + 1));
    expect(await clients[0]?.head()).toBe(8n);
    await Promise.all(clients.map((client) => client.close()));
    await empty.drop();
  },

  "J a migration that was changed after it was applied is refused": async ({ database, openWith }) => {
    const tampered = await database.beside();
    await openWith({ url: tampered.url }).health();
    await tampered.pool.query("update eventstore.migrations set digest = 'other' where number = 1");
    await expect(openWith({ url: tampered.url }).health()).rejects.toMatchObject({ code: "INTERNAL" });
    await tampered.drop();
  },

  "J wrong credentials and a missing right are said as such": async ({ database, openWith }) => {
    const wrong = new URL(database.url);
    wrong.username = "nobody_of_that_name";
    await refused(openWith({ url: wrong.href }).head(), "AccessDenied");
    const role = `prism_reader_${Date.now()}`;
    await database.pool.query(`create role ${role} login`);
    const limited = new URL(database.url);
    limited.username = role;
    const client = openWith({ url: limited.href });
    await refused(client.append(streamName("no"), [newEvent()], { expected: "any" }), "AccessDenied");
    await refused(collect(client.subscribe({ signal: AbortSignal.timeout(30_000) })), "AccessDenied");
    await client.close();
    await database.pool.query(`drop role ${role}`);
  },

  "J a server that is away is unavailable, and is found again when it is back": async ({
    database,
    openWith,
  }) => {
    const network = await flakyNetwork(database.url);
    const client = openWith({ url: network.url });
    network.sever();
    await refused(client.health(), "StoreUnavailable");
    await refused(client.append(streamName("away"), [newEvent()], { expected: "any" }), "StoreUnavailable");
    await refused(collect(client.readAll()), "StoreUnavailable");
    network.heal();
    await client.health();
    await client.close();
    await network.close();
  },

  "J close lets what is under way finish and refuses what comes after": async ({ store, openWith }) => {
    const client = openWith({});
    const streams = Array.from({ length: 50 }, () => streamName("drain"));
    const appends = streams.map((stream) => client.append(stream, [newEvent()], { expected: "noStream" }));
    const subscriber = collect(
      client.subscribe({ after: await store.head(), signal: new AbortController().signal }),
    );
    const ended = refused(subscriber, "StoreClosed");
    // They were accepted: the tables were looked for, and the queue has them.
    await appends[0];
    await client.close();
    expect(await Promise.all(appends)).toHaveLength(50);
    await ended;
    await refused(client.append(streamName("late"), [newEvent()], { expected: "any" }), "StoreClosed");
    await refused(collect(client.readAll()), "StoreClosed");
    await client.close();
  },

  "J where every connection is taken the wait has an end": async ({ database, openWith }) => {
    const pool = postgresPool(database.url, { connections: 1 });
    const client = openWith({ pool });
    await client.health();
    const taken = await pool.connect();
    Object.assign(pool.options, { connectionTimeoutMillis: 300 });
    await refused(client.append(streamName("full"), [newEvent()], { expected: "any" }), "StoreUnavailable");
    await refused(client.head(), "StoreUnavailable");
    taken.release();
    await client.append(streamName("free"), [newEvent()], { expected: "any" });
    await client.close();
    await pool.end();
  },
};
