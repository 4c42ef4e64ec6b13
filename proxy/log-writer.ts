import type { NewEntry, Recorded, WriteAheadLog } from "../backends/write-ahead-log/write-ahead-log.ts";
import { PrismError } from "../domain/errors.ts";
import { entryBytes } from "./log-entry.ts";

type Waiting = {
  readonly entry: NewEntry;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (error: unknown) => void;
};

export type LogWriterOptions = {
  readonly log: Pick<WriteAheadLog, "append">;
  /** Told what was added, in the order of positions, before whoever published it is. */
  readonly added: (entries: readonly (NewEntry & Recorded)[]) => void;
  /** Throws where nothing may be added now. */
  readonly check?: () => void;
};

// While Postgres writes so many the proxy takes the next and answers the last: more at a time, and each waits for the other.
const batchEntries = 128;
const batchBytes = 4 * 1024 * 1024;
const waitingEntries = 20_000;
const waitingBytes = 64 * 1024 * 1024;

/**
 * Publishes share commits: one batch is on its way at a time, and whoever comes meanwhile is
 * in the next one. A batch is written as a whole or not at all.
 */
export function logWriter({ log, added, check }: LogWriterOptions) {
  let waiting: Waiting[] = [];
  let bytesWaiting = 0;
  let writing: Promise<void> | undefined;

  const takeBatch = (): readonly Waiting[] => {
    let bytes = 0;
    let count = 0;
    for (const { entry } of waiting) {
      bytes += entryBytes(entry);
      // The first one always goes, however large.
      if (count > 0 && (bytes > batchBytes || count >= batchEntries)) break;
      count++;
      bytesWaiting -= entryBytes(entry);
    }
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return batch;
  };

  const write = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const recorded = await log.append(batch.map(({ entry }) => entry));
      const stored = batch.flatMap(({ entry }, at) => {
        const one = recorded[at];
        return one?.fresh ? [{ ...entry, ...one }] : [];
      });
      added(stored);
      for (const [at, { resolve, reject }] of batch.entries()) {
        const one = recorded[at];
        if (one === undefined) reject(new PrismError("INTERNAL", "the log has answered for fewer messages"));
        else resolve(one);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) await write(takeBatch());
    writing = undefined;
  };

  return {
    append(entry: NewEntry): Promise<Recorded> {
      check?.();
      if (waiting.length >= waitingEntries || bytesWaiting >= waitingBytes) throw overwhelmed();
      return new Promise((resolve, reject) => {
        waiting.push({ entry, resolve, reject });
        bytesWaiting += entryBytes(entry);
        // After the events at hand, so that whatever has arrived together is written together.
        writing ??= new Promise((soon) => setImmediate(soon)).then(drain);
      });
    },
    /** Resolves when nothing is on its way. */
    async close(): Promise<void> {
      await writing;
    },
  };
}

const overwhelmed = (): PrismError =>
  new PrismError("BACKEND_UNAVAILABLE", "could not publish: too much is waiting for the log already", {
    details: { backend: "postgres", retry_after_ms: 1_000 },
  });
