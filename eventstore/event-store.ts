import type { Event, EventMetadata, RecordedEvent } from "../domain/event.ts";

/** `any`: no check. `noStream`: the stream must not exist. `streamExists`: it must. A revision: its last event's. */
export type Expected = "any" | "noStream" | "streamExists" | bigint;

export type NewEvent = Event & { readonly id: string; readonly metadata: EventMetadata };

export type Appended = {
  /** The stream's last revision and that event's position, after the append. */
  readonly revision: bigint;
  readonly position: bigint;
  /** What is stored: on a repeated append the events of the first one, with their times and hashes. */
  readonly events: readonly RecordedEvent[];
};

export type Filter = { readonly streamPrefixes?: readonly string[]; readonly types?: readonly string[] };

export type SubscriptionItem =
  | { readonly kind: "event"; readonly event: RecordedEvent }
  /** The history is read; what follows is new. Once per catch-up. */
  | { readonly kind: "caughtUp"; readonly position: bigint }
  /** Everything up to here was seen, although nothing matched the filter: a place to resume from. */
  | { readonly kind: "checkpoint"; readonly position: bigint };

/**
 * Where every fact of Prism is kept. Appends to one stream are decided by revision;
 * over all streams, position order is commit order, so that a reader who has seen a
 * position has seen everything before it.
 *
 * Errors: `RevisionConflict` (the stream is not where the caller thought),
 * `EventIdConflict` (an id is used for something else), `StreamNotFound`,
 * `EventTooLarge`, `StoreUnavailable` (wait and repeat).
 */
export interface EventStore {
  /** Positions count from 1 without a gap: where one is missing, an event was removed. */
  readonly gapless: boolean;

  /**
   * Appends all of `events` or none. Idempotent by event id: repeating a whole append
   * answers what was stored the first time. No events: nothing happens.
   */
  append(stream: string, events: readonly NewEvent[], options: { expected: Expected }): Promise<Appended>;

  /** One stream's events from revision `from` (inclusive, default its start), oldest first unless `backwards`. */
  readStream(
    stream: string,
    options?: { from?: bigint; limit?: number; backwards?: boolean },
  ): AsyncIterable<RecordedEvent>;

  /** Every stream's events after `after` (exclusive; default the start), in position order unless `backwards`. */
  readAll(options?: {
    after?: bigint;
    filter?: Filter;
    limit?: number;
    backwards?: boolean;
  }): AsyncIterable<RecordedEvent>;

  /** History after `after`, then what comes, until `signal` aborts. Survives a lost connection without gap or repeat. */
  subscribe(options: {
    after?: bigint;
    filter?: Filter;
    signal: AbortSignal;
  }): AsyncIterable<SubscriptionItem>;

  /** The last committed position; 0n where there is none. */
  head(): Promise<bigint>;
  /** The last position recorded at `time` or before it; 0n where there is none. Times rise with positions. */
  positionAt(time: Date): Promise<bigint>;
  /** Resolves when the store answers; rejects with `StoreUnavailable`. */
  health(): Promise<void>;
  /** Lets what is under way finish, then lets go of every connection. */
  close(): Promise<void>;
}

export type StoreErrorKind =
  | "RevisionConflict"
  | "EventIdConflict"
  | "StreamNotFound"
  | "EventTooLarge"
  | "InvalidEvent"
  | "AccessDenied"
  | "StoreUnavailable"
  | "StoreClosed";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;
  /** With `RevisionConflict`: the stream's last revision, `undefined` where it does not exist. */
  readonly actual: bigint | undefined;

  constructor(
    kind: StoreErrorKind,
    message: string,
    options: { actual?: bigint | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.actual = options.actual;
  }
}
