import type { Layout } from "./layouts.ts";

/** A message as it is written to the log; what its parts mean is its writer's business. */
export type NewEntry = {
  /** UUID. */
  readonly id: string;
  readonly topic: string;
  readonly key: Uint8Array;
  readonly payload: Uint8Array;
  readonly metadata: Uint8Array;
  /** The same id within 24 h is the same message: it is answered with where it is and not added again. */
  readonly once: boolean;
};

export type LogEntry = Omit<NewEntry, "once"> & { readonly position: bigint; readonly recordedAtMs: number };

/** Where an entry is. `fresh`: it was added by this very call. */
export type Recorded = { readonly position: bigint; readonly recordedAtMs: number; readonly fresh: boolean };

export type LogStanding = {
  /** Of the last entry; positions are dense and begin at 1. */
  readonly head: bigint;
  /** Everything up to here has been sent on. */
  readonly relayed: bigint;
  /** How old the first one after it is; 0 where there is none. */
  readonly oldestPendingMs: number;
  /** What of it is on disk and not sent on yet, as its keeper last measured it. */
  readonly bytes: bigint;
};

/**
 * One namespace's log: dense positions in the order of commits, on disk when `append`
 * resolves. Errors: `BACKEND_UNAVAILABLE` (the outcome may be unknown), `NAMESPACE_DELETING`
 * (the fence is up: nothing was added, and nothing will be).
 */
export interface WriteAheadLog {
  /** Leaves the log ready to be written to; at any time, any number of times. */
  prepare(): Promise<void>;
  append(entries: readonly NewEntry[]): Promise<readonly Recorded[]>;
  /** In order from the one after `position`: at most so many, and no more bytes than asked for after the first. */
  read(
    position: bigint,
    limits: { readonly entries: number; readonly bytes: number },
  ): Promise<readonly LogEntry[]>;
  standing(): Promise<LogStanding>;
  /** Over how many partitions of the broker what was sent, or will be; oldest first. */
  layouts(): Promise<readonly Layout[]>;
  /** When the entry at a position was recorded, or the first one after it that is still kept. */
  recordedAt(position: bigint): Promise<number | undefined>;
}
