import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { EventStore } from "../../../eventstore/event-store.ts";
import { counter, type ProjectionSubject } from "../projection-subject.ts";
import { killWhere, until } from "./postgres-gaps.ts";
import { type Cases, collect, newEvents, patience, streamName } from "./subject.ts";

/** Group H by way of the runner: what is read is the fold of the log, whatever happened to those who fold. */
export const projectionCases: Cases<ProjectionSubject> = {
  "65 a leader that dies between its rows and its checkpoint, or at the commit, leaves neither": async (
    subject,
  ) => {
    const { store, run, database } = subject;
    const stream = streamName("crash");
    const { readers, stop, log } = run([counter("crash", "crash-")]);
    await readers[0].waitFor(0n);
    await dyingTransactions(database.pool, "crash");
    for (let index = 0; index < 12; index += 1) {
      const position = await count(store, stream, 1);
      await readers[0].waitFor(position, AbortSignal.timeout(60_000));
    }
    expect(await readers[0].get(stream)).toMatchObject({ count: 12, last: "11" });
    expect(log.filter(({ message }) => message === "stops leading the projection").length).toBe(6);
    await stop();
  },

  "66 one leads, and when it dies another goes on where it stood": async ({ store, run, database }) => {
    const stream = streamName("lead");
    const definition = counter("lead", "lead-");
    const processes = [run([definition]), run([definition])];
    await count(store, stream, 50);
    for (let round = 0; round < 3; round += 1) {
      const position = await count(store, stream, 50);
      await Promise.all(
        processes.map(({ readers }) => readers[0].waitFor(position, AbortSignal.timeout(patience.ms))),
      );
      await until(async () => (await leaders(database.pool, "lead v1")) === 1);
      await killWhere(
        database,
        "pid in (select pid from pg_locks where locktype = 'advisory' and classid = 7070003)",
      );
    }
    const position = await count(store, stream, 50);
    for (const { readers, stop } of processes) {
      await readers[0].waitFor(position, AbortSignal.timeout(patience.ms));
      expect(await readers[0].get(stream)).toMatchObject({ count: 250 });
      await stop();
    }
  },

  "66 when the leading process is killed another one goes on": async ({ store, run, database }) => {
    const stream = streamName("killed");
    const leader = await projectionProcess(database.url, "killed");
    const { readers, stop } = run([counter("killed", "killed-")]);
    await readers[0].waitFor(await count(store, stream, 20), AbortSignal.timeout(patience.ms));
    const counting = Promise.all(Array.from({ length: 30 }, () => count(store, stream, 1)));
    leader.kill("SIGKILL");
    await counting;
    expect(await readers[0].waitFor(await store.head(), AbortSignal.timeout(patience.ms))).toBe(true);
    expect(await readers[0].get(stream)).toMatchObject({ count: 50, last: "49" });
    await stop();
  },

  "66 a process that ends in order is replaced at once": async ({ store, run }) => {
    const stream = streamName("hand");
    const definition = counter("hand", "hand-");
    const [first, second] = [run([definition]), run([definition])];
    await first.readers[0].waitFor(await count(store, stream, 5));
    await first.stop();
    const position = await count(store, stream, 5);
    expect(await second.readers[0].waitFor(position, AbortSignal.timeout(patience.ms))).toBe(true);
    expect(await second.readers[0].get(stream)).toMatchObject({ count: 10 });
    await second.stop();
  },

  "67 a version that is built from the whole log equals the one that was there as it grew": async ({
    store,
    run,
  }) => {
    const definition = counter("grown", "grown-");
    const live = run([definition]);
    const streams = Array.from({ length: 20 }, () => streamName("grown"));
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(streams.map((stream, index) => count(store, stream, 1 + ((round + index) % 3))));
    }
    const position = await store.head();
    await live.readers[0].waitFor(position);
    const rebuilt = run([{ ...definition, version: 2 }]);
    await rebuilt.readers[0].waitFor(position);
    await until(async () => rebuilt.log.some(({ message }) => message === "is served"));
    expect(await collect(rebuilt.readers[0].scan())).toEqual(await collect(live.readers[0].scan()));
    expect(await rebuilt.readers[0].digest()).toBe(await live.readers[0].digest());
    await live.stop();
    await rebuilt.stop();
  },

  "68 while a new version is being built the old one answers, and never again afterwards": async ({
    store,
    run,
    database,
  }) => {
    const stream = streamName("beside");
    const old = counter("beside", "beside-", {
      apply: (row) => ({ count: (row?.count ?? 0) + 1, last: "old", parity: "" }),
    });
    const first = run([old]);
    await first.readers[0].waitFor(await count(store, stream, 6_000));
    await first.stop();
    // Nothing is built before the old one has answered.
    const holding = await database.pool.connect();
    await holding.query("begin; lock table eventstore.events in access exclusive mode");
    const second = run([counter("beside", "beside-", { version: 2 })]);
    const answers: string[] = [];
    const built = () => second.log.some(({ message }) => message === "is served");
    while (!built() || answers.at(-1) === "old") {
      const row = await second.readers[0].get(stream);
      expect(row?.count).toBe(6_000);
      answers.push(row?.last === "old" ? "old" : "new");
      if (answers.length === 1) await holding.query("commit");
    }
    holding.release();
    expect(answers.join(" ")).toMatch(/^old( old)*( new)+$/);
    await second.stop();
  },

  "69 two versions side by side go on independently": async ({ store, run }) => {
    const stream = streamName("pair");
    const one = counter("pair", "pair-");
    const two = counter("pair", "pair-", {
      version: 2,
      apply: (row) => ({ count: (row?.count ?? 0) + 2, last: "", parity: "" }),
    });
    const both = run([one, two]);
    for (let round = 1; round <= 3; round += 1) {
      const position = await count(store, stream, 10);
      for (const reader of both.readers) await reader.waitFor(position);
      await until(async () => (await both.readers[1].get(stream))?.count === round * 20);
      expect(await both.readers[0].get(stream)).toMatchObject({ count: round * 10 });
    }
    await both.stop();
  },

  "an event the fold refuses stops it there, is named in the log, and is never skipped": async ({
    store,
    run,
  }) => {
    const stream = streamName("poison");
    let knows = false;
    const definition = counter("poison", "poison-");
    const picky = {
      ...definition,
      apply: (row: never, event: never) => {
        const { revision } = event as { revision: bigint };
        if (!knows && revision === 3n) throw new Error("what is this?");
        return definition.apply(row, event);
      },
    };
    const { readers, stop, log } = run([picky]);
    await readers[0].waitFor(0n);
    const position = await count(store, stream, 6);
    await until(async () => (await readers[0].get(stream))?.count === 3);
    await until(async () => log.some(({ level }) => level === "error"));
    expect(await readers[0].waitFor(position, AbortSignal.timeout(300))).toBe(false);
    expect(log.find(({ level }) => level === "error")).toMatchObject({
      projection: "poison v1",
      position: String(position - 2n),
    });
    expect((await readers[0].lag()).events).toBe(3n);
    knows = true;
    expect(await readers[0].waitFor(position, AbortSignal.timeout(patience.ms))).toBe(true);
    expect(await readers[0].get(stream)).toMatchObject({ count: 6 });
    expect(await readers[0].lag()).toEqual({ events: 0n, seconds: 0 });
    await stop();
  },

  "rows are listed by field, filter and page": async ({ store, run }) => {
    const streams = Array.from({ length: 9 }, (_, index) => `list-${index}`);
    for (const [index, stream] of streams.entries()) await count(store, stream, index + 1);
    const { readers, stop } = run([counter("list", "list-")]);
    const [reader] = readers;
    await reader.waitFor(await store.head());
    const page = await reader.list({ limit: 4 });
    expect(page.items.map(({ key }) => key)).toEqual(streams.slice(0, 4));
    const rest = await reader.list({ after: page.next ?? "", limit: 5 });
    expect({ keys: rest.items.map(({ key }) => key), next: rest.next }).toEqual({
      keys: streams.slice(4),
      next: null,
    });
    const even = await reader.list({ where: { parity: "even" } });
    expect(even.items.map(({ row }) => row.count)).toEqual([2, 4, 6, 8]);
    const some = await reader.list({ where: { parity: ["odd", "even"], last: ["0", "4"] } });
    expect(some.items.map(({ row }) => row.count)).toEqual([1, 5]);
    const filtered = await reader.list({ filter: ({ count }) => count > 6, limit: 2 });
    expect(filtered).toMatchObject({ items: [{ key: "list-6" }, { key: "list-7" }], next: "list-7" });
    expect((await collect(reader.scan({ after: "list-7" }))).map(({ key }) => key)).toEqual(["list-8"]);
    expect(await reader.get("list-9")).toBeUndefined();
    await stop();
  },
};

/** A process of its own that leads the projection of that name. */
async function projectionProcess(url: string, name: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("../projection-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, url, name], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data", { signal: AbortSignal.timeout(60_000) });
  return child;
}

/** Appends events to a stream; answers the last one's position. */
export async function count(store: EventStore, stream: string, events: number): Promise<bigint> {
  const batch = newEvents(events, () => ({ type: "Counted" }));
  return (await store.append(stream, batch, { expected: "any" })).position;
}

/** How many sessions hold the lock on leading it. */
async function leaders(pool: ProjectionSubject["database"]["pool"], projection: string): Promise<number> {
  const { rows } = await pool.query(
    `select distinct pid from pg_locks where locktype = 'advisory' and classid = 7070003 and granted
     and objid::bigint = hashtext($1)::bigint & 4294967295
     and database = (select oid from pg_database where datname = current_database())`,
    [projection],
  );
  return rows.length;
}

/** The transactions of a projection die now and then: as they write rows, as they move the checkpoint, at the commit. */
async function dyingTransactions(
  pool: ProjectionSubject["database"]["pool"],
  projection: string,
): Promise<void> {
  await pool.query(`
    create sequence at_rows; create sequence at_checkpoint; create sequence at_commit;
    create function die() returns trigger language plpgsql as $$
    begin
      if nextval(tg_name::regclass) in (2, 5) then
        perform pg_terminate_backend(pg_backend_pid());
        perform pg_sleep(1);
      end if;
      return new;
    end $$;
    create trigger at_rows before insert or update on projections."${projection}_v1" for each row execute function die();
    create trigger at_checkpoint before update on projections.checkpoints
      for each row when (new.projection = '${projection}' and new.position > old.position) execute function die();
    create constraint trigger at_commit after insert or update on projections."${projection}_v1"
      deferrable initially deferred for each row execute function die();`);
}
