import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import type { EventStore } from "../../eventstore/event-store.ts";
import { postgresPool } from "../../eventstore/postgres/pool.ts";
import { postgresEventStore } from "../../eventstore/postgres/postgres.ts";
import { database } from "../eventstore/database.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { smallEvent } from "./events.ts";
import { figure, type Load, load, middle } from "./load.ts";

const callers = 64;
const calls = 20_000;
const warmUp = 2_000;
const goal = { appendsPerSecond: 8_000, p99Ms: 20 };

/** 64 callers append with an expected revision, each to a stream of its own; beside them what the same Postgres does with bare inserts. */
export const append: Benchmark = {
  name: "append",
  title: "Appending to the event store",
  servers: ["postgres-control"],
  async run() {
    const { url, drop } = await database();
    const store = postgresEventStore({ url });
    const pool = postgresPool(url, { connections: callers });
    try {
      const { fresh, settled } = await appending(store, pool);
      const young = figure(
        "append, exact revision, 64 callers, before Postgres has statistics",
        "appends",
        fresh,
      );
      const appends = figure("append, exact revision, 64 callers", "appends", settled);
      const inserts = figure(
        "plain insert, a statement and a commit each, 64 callers on 64 connections",
        "inserts",
        await inserting(pool),
      );
      return { figures: [judged(appends), inserts, young], notes: [ratio(appends, inserts), statistics] };
    } finally {
      await store.close();
      await pool.end();
      await drop();
    }
  },
};

async function appending(store: EventStore, pool: Pool): Promise<{ fresh: Load; settled: Load }> {
  const revisions = new Map<number, bigint>();
  const one = async (_: number, caller: number) => {
    const expected = revisions.get(caller) ?? ("noStream" as const);
    const { revision } = await store.append(`namespace-bench-${caller}`, [smallEvent()], { expected });
    revisions.set(caller, revision);
  };
  await load({ callers, calls: warmUp }, one);
  const fresh = await load({ callers, calls }, one);
  await pool.query("analyze eventstore.events");
  return { fresh, settled: await middle(() => load({ callers, calls }, one)) };
}

async function inserting(pool: Pool): Promise<Load> {
  await pool.query(`create table plain (position bigint generated always as identity primary key, stream text,
    id uuid, type text, data json, metadata json, recorded_at timestamptz default now())`);
  const one = (_: number, caller: number) => {
    const { type, data, metadata } = smallEvent();
    return pool.query({
      name: "plain",
      text: "insert into plain (stream, id, type, data, metadata) values ($1, $2, $3, $4, $5)",
      values: [`namespace-bench-${caller}`, randomUUID(), type, data, metadata],
    });
  };
  await load({ callers, calls: warmUp }, one);
  return middle(() => load({ callers, calls }, one));
}

function judged(appends: Figure): Figure {
  const met = (appends.perSecond ?? 0) >= goal.appendsPerSecond && (appends.p99 ?? Infinity) < goal.p99Ms;
  return { ...appends, goal: { said: "8,000/s (aim 20,000), p99 < 20 ms", met } };
}

const ratio = ({ perSecond: appends = 0 }: Figure, { perSecond: inserts = 1 }: Figure): string =>
  `An append, with its checks, its hash chain and its place in one order of all events, comes at ${(appends / inserts).toFixed(2)} times the rate of a bare insert.`;

const statistics =
  "Until Postgres first analyzes a new log, within a minute, it goes on with plans it made when the log was empty.";
