import { setTimeout as pause } from "node:timers/promises";
import type { NewRecord } from "../backends/log.ts";
import { barrierOf, partitionsAt } from "../backends/write-ahead-log/layouts.ts";
import type { Term } from "../backends/write-ahead-log/leadership.ts";
import { type RelayTerm, relayTerm } from "../backends/write-ahead-log/relay-term.ts";
import type {
  LogEntry,
  NewEntry,
  Recorded,
  WriteAheadLog,
} from "../backends/write-ahead-log/write-ahead-log.ts";
import type { Background } from "./background.ts";
import type { Moment } from "./failpoint.ts";
import { entryBytes, relayedRecord } from "./log-entry.ts";
import { spannedBatch } from "./tracing.ts";

export type RelayOptions = {
  readonly namespace: string;
  readonly incarnation: number;
  readonly ordered: boolean;
  readonly log: Pick<WriteAheadLog, "read">;
  /** Resolves when the backend's durability promise holds for all of them. */
  readonly send: (records: readonly NewRecord[]) => Promise<void>;
  /** Housekeeping of the log, told how far it is relayed. */
  readonly keep: (relayed: bigint) => Promise<void>;
  readonly failpoint: (step: "relay", moment: Moment) => void;
  readonly relayed: (entries: number) => void;
  readonly troubled: (error: Error) => void;
};

export interface Relay extends Background {
  /** What this proxy has just added: need not be read again where it leads. */
  offer(entries: readonly (NewEntry & Recorded)[]): void;
  /** There is more in the log than was relayed: somebody else has added it. */
  wake(): void;
}

type Entry = LogEntry;

/** How far everything is in the backend, and how far the log knows it. */
type Standing = { sent: bigint; noted: bigint; notedAtMs: number };

const limits = { entries: 1_000, bytes: 4 * 1024 * 1024 };
const offeredEntries = 10_000;
const offeredBytes = 16 * 1024 * 1024;
const restlessMs = 25;
// What this proxy records is offered, and it is told of what others do: at rest this is the safety net.
const calmMs = 5_000;
const calmAfterMs = 1_000;
// What comes within this time goes out together: a request costs the broker more than a record.
const lingerMs = 4;
// How long what was sent may go unnoted: a crash repeats so much, and it is recognised where it is delivered.
const noteMs = 50;
const firstRetryMs = 100;
const lastRetryMs = 2_000;
const keepMs = 5_000;

/**
 * Carries what the log holds to the backend, in order, one send at a time. What a crash or a
 * pause makes it send twice is recognised by its position where it is delivered: whoever
 * sends, sends without a gap, so that of every position the first one comes after those before it.
 */
export function relay(options: RelayOptions): Relay {
  const { namespace, incarnation, ordered, log, send, failpoint } = options;
  let offered: Entry[] = [];
  let bytesOffered = 0;
  let leading = false;
  let woken = Promise.withResolvers<void>();

  const forgetOffered = (): void => {
    offered = [];
    bytesOffered = 0;
  };

  /** The first ones; all of them where `count` is negative. */
  const drop = (count: number): readonly Entry[] => {
    const dropped = count < 0 ? offered : offered.slice(0, count);
    offered = count < 0 ? [] : offered.slice(count);
    for (const entry of dropped) bytesOffered -= entryBytes(entry);
    return dropped;
  };

  /** What comes next after `relayed`, as far as it is at hand. */
  const takeOffered = (relayed: bigint): readonly Entry[] => {
    drop(offered.findIndex(({ position }) => position > relayed));
    let bytes = 0;
    let count = 0;
    for (const entry of offered) {
      bytes += entryBytes(entry);
      const contiguous = entry.position === relayed + 1n + BigInt(count);
      if (!contiguous || count >= limits.entries || (count > 0 && bytes > limits.bytes)) break;
      count++;
    }
    return drop(count);
  };

  const sendUntilTaken = async (
    entries: readonly Entry[],
    { layouts }: RelayTerm,
    signal: AbortSignal,
  ): Promise<void> => {
    const records = entries.map((entry) =>
      relayedRecord(entry, ordered, partitionsAt(layouts, entry.position)),
    );
    await spannedBatch(namespace, records, async () => {
      for (let failures = 0; ; failures++) {
        try {
          failpoint("relay", "before");
          return await send(records);
        } catch (error) {
          // The same again before anything else: what comes later must not overtake it.
          options.troubled(error as Error);
          await pause(Math.min(lastRetryMs, firstRetryMs * 2 ** failures), undefined, { signal });
        }
      }
    });
  };

  /** What comes next: at hand, or looked for in the log. `undefined`: this proxy leads no longer. */
  const next = async (term: RelayTerm, standing: Standing): Promise<readonly Entry[] | undefined> => {
    const atHand = takeOffered(standing.sent);
    if (atHand.length > 0) return atHand;
    if (!(await note(term, standing))) return undefined;
    const head = await term.head();
    if (head === undefined) return undefined;
    const end = barrierOf(term.layouts) ?? head;
    if (end <= standing.sent) return [];
    const read = await log.read(standing.sent, limits);
    // What came after the look may lie behind a barrier that the look could not tell of.
    return read.filter(({ position }) => position <= end && position <= head);
  };

  const carry = async (term: RelayTerm, standing: Standing, signal: AbortSignal): Promise<void> => {
    let activeAt = performance.now() - calmAfterMs;
    while (!signal.aborted) {
      woken = Promise.withResolvers();
      const entries = await next(term, standing);
      const last = entries?.at(-1);
      if (entries === undefined || signal.aborted) return;
      if (last === undefined) {
        const restMs = performance.now() - activeAt > calmAfterMs ? calmMs : restlessMs;
        await Promise.race([woken.promise, pause(restMs, undefined, { signal, ref: false })]);
        continue;
      }
      activeAt = performance.now();
      await sendUntilTaken(entries, term, signal);
      failpoint("relay", "after");
      standing.sent = last.position;
      options.relayed(entries.length);
      const now = performance.now();
      if (now > standing.notedAtMs + noteMs && !(await note(term, standing))) return;
      if (now < activeAt + lingerMs) await pause(activeAt + lingerMs - now, undefined, { signal });
      // Whoever is woken finds it at hand: the log is looked at when nobody has been for a while.
      if (offered[0] === undefined && entries.length < limits.entries)
        await Promise.race([woken.promise, pause(restlessMs, undefined, { signal, ref: false })]);
    }
  };

  return {
    name: `relay ${namespace}/${incarnation}`,

    offer(entries) {
      if (!leading) return;
      for (const entry of entries) bytesOffered += entryBytes(entry);
      offered.push(...entries);
      // While the backend is away it piles up: then it is read again when it is wanted.
      if (offered.length > offeredEntries || bytesOffered > offeredBytes) forgetOffered();
      woken.resolve();
    },

    wake() {
      woken.resolve();
    },

    async lead(term: Term, signal: AbortSignal) {
      const duty = await relayTerm(term, { namespace, incarnation });
      if (duty === undefined) return;
      forgetOffered();
      leading = true;
      const standing = { sent: duty.relayed, noted: duty.relayed, notedAtMs: performance.now() };
      const keeping = repeat(keepMs, () => options.keep(standing.noted), options.troubled);
      try {
        await carry(duty, standing, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        leading = false;
        forgetOffered();
        await note(duty, standing).catch(() => {});
        await keeping.stop();
      }
    },
  };
}

/** Says how far it is sent. `false`: somebody else leads now, or it is to be sent again. */
async function note(term: RelayTerm, standing: Standing): Promise<boolean> {
  standing.notedAtMs = performance.now();
  const { sent } = standing;
  if (sent === standing.noted) return true;
  if (!(await term.moved(sent))) return false;
  standing.noted = sent;
  return true;
}

/** Again and again, one at a time, until it is stopped. */
function repeat(everyMs: number, action: () => Promise<void>, troubled: (error: Error) => void) {
  let stopped = false;
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(() => (stopped ? undefined : action().catch(troubled)));
  }, everyMs).unref();
  return {
    stop(): Promise<void> {
      stopped = true;
      clearInterval(timer);
      return running;
    },
  };
}
