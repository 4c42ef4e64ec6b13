import type { RecordedEvent } from "../../domain/event.ts";
import type { Append, Verdict } from "../decide-append.ts";
import { StoreError } from "../event-store.ts";
import { isRefusal } from "./store-error.ts";

type Waiting = {
  readonly append: Append;
  readonly resolve: (events: readonly RecordedEvent[]) => void;
  readonly reject: (error: unknown) => void;
};

export type AppendQueue = {
  /** The stored events: new ones, or those of the first time. */
  append(append: Append): Promise<readonly RecordedEvent[]>;
  /** Resolves when nobody waits any more. */
  drained(): Promise<void>;
};

const limits = { waiting: 20_000, batchEvents: 1_000, batchBytes: 16 * 1024 * 1024 };

/**
 * Coalesces concurrent appends: whoever comes while a transaction is under way shares the next one. The lock and
 * the commit, which are what an append costs, are then paid once for all of them; each still gets its own verdict.
 */
export function appendQueue(
  commit: (appends: readonly Append[]) => Promise<readonly Verdict[]>,
): AppendQueue {
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const count = batchLength(waiting);
      const batch = waiting.slice(0, count);
      waiting = waiting.slice(count);
      await settle(batch);
    }
    running = undefined;
  }

  async function settle(batch: readonly Waiting[]): Promise<void> {
    try {
      const verdicts = await commit(batch.map(({ append }) => append));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const verdict = verdicts[index];
        if (verdict === undefined || verdict.kind === "refused") reject(verdict?.error);
        else resolve(verdict.events);
      }
    } catch (error) {
      // What the server refuses is one caller's matter: the others must not fail with it.
      if (isRefusal(error) && batch.length > 1) for (const one of batch) await settle([one]);
      else for (const { reject } of batch) reject(error);
    }
  }

  return {
    append: (append) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= limits.waiting) {
          reject(
            new StoreError("StoreUnavailable", `append to '${append.stream}': ${limits.waiting} others wait`),
          );
          return;
        }
        waiting.push({ append, resolve, reject });
        // One turn later, so that what this turn appends side by side is one transaction from the beginning.
        running ??= Promise.resolve().then(run);
      }),
    drained: async () => {
      while (running !== undefined) await running;
    },
  };
}

function batchLength(waiting: readonly Waiting[]): number {
  let events = 0;
  let bytes = 0;
  const length = waiting.findIndex(({ append }) => {
    events += append.events.length;
    bytes += append.events.reduce((sum, event) => sum + event.bytes, 0);
    return events > limits.batchEvents || bytes > limits.batchBytes;
  });
  return length === -1 ? waiting.length : Math.max(1, length);
}
