import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { RecordedEvent } from "../../../domain/event.ts";
import type { EventStore } from "../../../eventstore/event-store.ts";
import { figures } from "../soaking.ts";
import { type Cases, collect, newEvent, newEvents, patience, type Subject, streamName } from "./subject.ts";

export type Trouble = {
  /** Called about four times a second while everybody writes; whether it hit anybody. */
  readonly strike: () => Promise<boolean>;
  /** The type of an event that cannot be committed, if there is one: some writers try it now and then. */
  readonly doomed?: string;
  /** What goes wrong with an append because of it, to be repeated by its caller. */
  readonly excuses: readonly string[];
};

/**
 * 44 and 45 in one: 64 writers on four clients, some of them in each other's way, some refused, some killed; a
 * subscriber that never stops and one that comes back from its checkpoint every 100 events.
 */
export const soakCases = (seconds: number, trouble?: (subject: Subject) => Promise<Trouble>): Cases => ({
  [`44, 45 under ${seconds} s of 64 writers nothing is skipped, doubled or out of order`]: async (
    subject,
  ) => {
    const { store, open } = subject;
    const after = await store.head();
    const until = Date.now() + seconds * 1_000;
    const troubles = await trouble?.(subject);
    const acknowledged: string[] = [];
    let strikes = 0;
    // On a slow machine it goes on until what it claims to bear has happened.
    const isOver = () =>
      Date.now() >= until &&
      acknowledged.length > seconds * 20 &&
      (troubles === undefined || strikes > seconds / 2);
    const clients = [open(), open(), open(), open()];
    const stopping = new AbortController();
    const steady = follow(open(), after, Number.POSITIVE_INFINITY, stopping.signal);
    const restarting = follow(open(), after, 100, stopping.signal);
    const work = { ...troubles, run: until, isOver, acknowledged };
    const writing = Promise.all(
      Array.from({ length: 64 }, (_, index) => write(clients[index % 4] ?? store, index, work)),
    );
    // It is awaited below; until then a failure must not end the run.
    writing.catch(() => {});
    while (troubles !== undefined && !isOver()) {
      if (await troubles.strike()) strikes += 1;
      await pause(250);
    }
    await writing;
    const missing = new Set(acknowledged);
    const stored = sequence(after);
    for await (const event of store.readAll({ after })) {
      stored.add(event);
      missing.delete(event.id);
    }
    expect(stored.position()).toBe(await store.head());
    for (const reader of [steady, restarting]) {
      await reader.reached(stored.position());
      expect(reader.delivered.summary()).toEqual(stored.summary());
    }
    stopping.abort();
    expect(missing).toEqual(new Set());
    expect(restarting.restarts()).toBeGreaterThanOrEqual(Math.floor(stored.summary().count / 100));
    figures(
      `${stored.summary().count} events of 64 writers in ${seconds} s; ${acknowledged.length} acknowledged; ` +
        `${strikes} connections killed; ${restarting.restarts()} restarts of a subscriber; nothing missing`,
    );
  },
});

type Work = Partial<Trouble> & {
  /** Of no other run: part of the streams' names. */
  readonly run: number;
  readonly isOver: () => boolean;
  /** The ids of what was stored. */
  readonly acknowledged: string[];
};

/** Half of the writers have a stream of their own, the others fight over four. */
async function write(
  store: EventStore,
  index: number,
  { doomed, excuses = [], run, isOver, acknowledged }: Work,
): Promise<void> {
  const stream = index % 2 === 0 ? streamName(`own${index}`) : `fought-${run}-${index % 4}`;
  let expected: bigint | "noStream" = "noStream";
  for (let round = 0; !isOver(); round += 1) {
    if (doomed !== undefined && (round + index) % 32 === 0) {
      await expect(
        store.append(streamName("doomed"), [newEvent({ type: doomed })], { expected: "any" }),
      ).rejects.toThrow();
    }
    const batch = newEvents(1 + (index % 3));
    const outcome = await appendUntilAnswered(store, stream, batch, expected, excuses);
    expected = outcome.revision;
    if (outcome.stored) acknowledged.push(...batch.map(({ id }) => id));
  }
}

async function appendUntilAnswered(
  store: EventStore,
  stream: string,
  batch: ReturnType<typeof newEvents>,
  expected: bigint | "noStream",
  excuses: readonly string[],
): Promise<{ stored: boolean; revision: bigint | "noStream" }> {
  for (;;) {
    try {
      const { revision } = await store.append(stream, batch, { expected });
      return { stored: true, revision };
    } catch (error) {
      const { kind, actual } = error as { kind?: string; actual?: bigint };
      if (kind === "RevisionConflict") return { stored: false, revision: actual ?? "noStream" };
      // Unanswered: it may have been stored, so the very same append is repeated.
      if (kind === undefined || !excuses.includes(kind)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Events as they come: how many, and a digest of which ones in which order. What does not rise is refused. */
function sequence(after: bigint) {
  const digest = createHash("sha256");
  let last = after;
  let count = 0;
  return {
    add({ position, id }: RecordedEvent) {
      if (position <= last) expect.fail(`position ${position} came after ${last}`);
      last = position;
      count += 1;
      digest.update(`${position} ${id}\n`);
    },
    position: () => last,
    summary: () => ({ count, digest: digest.copy().digest("hex") }),
  };
}

/** Reads the log from checkpoint to checkpoint: a new subscription after every `restartEvery` events. */
function follow(store: EventStore, after: bigint, restartEvery: number, signal: AbortSignal) {
  const delivered = sequence(after);
  let checkpoint = after;
  let restarts = 0;
  let failure: unknown;
  const running = (async () => {
    while (!signal.aborted) {
      let count = 0;
      for await (const item of store.subscribe({ after: checkpoint, signal })) {
        checkpoint = item.kind === "event" ? item.event.position : item.position;
        if (item.kind !== "event") continue;
        delivered.add(item.event);
        count += 1;
        if (count < restartEvery) continue;
        restarts += 1;
        break;
      }
    }
  })().catch((error) => {
    failure = error;
  });
  return {
    delivered,
    restarts: () => restarts,
    /** Fails when nothing at all comes for a while: how far it may lag behind depends on the machine. */
    async reached(position: bigint) {
      let stands = { checkpoint, sinceMs: Date.now() };
      while (checkpoint < position) {
        if (failure !== undefined) throw failure;
        if (checkpoint !== stands.checkpoint) stands = { checkpoint, sinceMs: Date.now() };
        if (Date.now() > stands.sinceMs + patience.ms)
          expect.fail(`the subscriber stands at ${checkpoint}, the log at ${position}`);
        await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 20))]);
      }
    },
  };
}

export const clockCases: Cases = {
  "47 a clock that is turned back turns no time back: a time is one position": async ({ open, store }) => {
    let now = Date.now() + 60_000;
    const client = open({ clock: () => new Date(now) });
    const after = await client.head();
    for (const step of [0, 5_000, -3_600_000, -10, 20_000]) {
      now += step;
      await client.append(streamName("clock"), [newEvent()], { expected: "noStream" });
    }
    const times = (await collect(client.readAll({ after }))).map(({ recordedAt }) => recordedAt.getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[1]).toBe((times[0] ?? 0) + 5_000);
    expect(times[2]).toBe(times[1]);
    void store;
  },
};
