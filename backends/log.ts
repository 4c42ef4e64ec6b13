/** Where a record lies: dense neither over partitions nor, with gaps, within one; increasing within one. */
export type LogPosition = { readonly partition: number; readonly offset: bigint };

export type LogRecord = {
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array;
  readonly headers: ReadonlyMap<string, string>;
  readonly timestampMs: number;
};

export type NewRecord = LogRecord & Placement;

/** Decides the partition. */
export type Placement = {
  /** Records with equal bytes here lie in one partition, in order; `undefined`: any partition, in turn. */
  readonly placedBy: Uint8Array | undefined;
  /** Places it where `placedBy` does not, the same way each time; left out: in turn. */
  readonly turn?: bigint;
  /** Over so many of the partitions, the first ones; left out: over all there are. */
  readonly partitions?: number;
};

export type StoredRecord = LogRecord & { readonly offset: bigint };

/**
 * The data plane of a backend that keeps a partitioned log (Kafka; JetStream and a
 * Postgres table fit too). One namespace's log: what it holds is already confined.
 *
 * Errors: `BACKEND_UNAVAILABLE` (the outcome may be unknown: the record may be there),
 * `PAYLOAD_TOO_LARGE` (the backend refuses the size).
 */
export interface Log {
  /** Resolves when the log's durability promise holds. Concurrent calls share their round trips. */
  append(record: NewRecord): Promise<LogPosition>;
  /**
   * All of them, each partition's in their order; resolves when the durability promise holds.
   * One call at a time. A rejected one may have written any beginning of each partition's
   * part: to go on, the same records are to be written again before others.
   */
  write(records: readonly NewRecord[]): Promise<void>;
  /** The very record at a position; `undefined` where there is none. */
  read(position: LogPosition, signal: AbortSignal): Promise<StoredRecord | undefined>;
  /**
   * The record in whose place `wanted` belongs, not older than it, of which `isIt` is true:
   * waited for until `signal` aborts, then `undefined`.
   */
  find(
    wanted: Placement & Pick<LogRecord, "timestampMs">,
    isIt: (record: StoredRecord) => boolean,
    signal: AbortSignal,
  ): Promise<StoredRecord | undefined>;
  /**
   * Where a record is of which `isIt` is true, in whose place `wanted` belongs and not older than it; as far
   * as the log reaches now. Left out: this log cannot be searched.
   */
  seek?(
    wanted: Placement & Pick<LogRecord, "timestampMs">,
    isIt: (record: StoredRecord) => boolean,
  ): Promise<LogPosition | undefined>;
  /** Joins a group; resolves when its first share of the partitions and their positions are fixed. */
  join(membership: Membership): Promise<LogMember>;
  /** There are at least so many partitions from now on: whoever has joined takes a share of all of them. */
  grow?(partitions: number): void;
  close(): Promise<void>;
}

export type Membership = {
  readonly group: string;
  /**
   * Where the group begins in every partition there is; committed at once, and so holds from then on. A
   * partition that is added later it reads from its first record.
   */
  readonly start: LogStart;
  readonly reader: LogReader;
};

/** `atMs`: with the first record of that time or later. `note` is committed with the beginning. */
export type LogStart = "earliest" | "latest" | { readonly atMs: number; readonly note: string };

/** How far a partition is done, and what its reader wants to be told when somebody goes on from there. */
export type Progress = { readonly offset: bigint; readonly note: string };

/** What a member of a group tells the one it reads for. */
export interface LogReader {
  /**
   * Partitions are about to move: commit what is acknowledged, deliver nothing until `assigned`.
   * It is waited for, so it must be quick.
   */
  revoking(): Promise<void>;
  /** From now on exactly these. What is known of a `retained` one still holds, of any other nothing does. */
  assigned(partitions: readonly AssignedPartition[]): void;
  /** In order. `next` is where reading goes on: also past what nobody is shown. */
  records(partition: number, records: readonly StoredRecord[], next: bigint): void;
  /** Whether more of this partition is wanted now; after a `false`, `wake` asks again. */
  wants(partition: number): boolean;
  /** Tells about what is being retried. */
  troubled(error: Error): void;
  /** The membership is over and will not come back by itself. */
  failed(error: Error): void;
}

export type AssignedPartition = {
  readonly partition: number;
  readonly position: bigint;
  /** What was committed with the position; empty: nothing. */
  readonly note: string;
  readonly retained: boolean;
};

export interface LogMember {
  /**
   * Records that everything below these offsets is done. `false`: the partitions have moved
   * since, nothing was recorded and nothing of others overwritten.
   */
  commit(progress: ReadonlyMap<number, Progress>): Promise<boolean>;
  /** How far the group is in each of the first `partitions`, whoever reads them: what is below is done, or gone. */
  standing(partitions: number): Promise<readonly bigint[]>;
  /** `false`: it has slept or gone unheard for so long that others may have its partitions by now. */
  stands(): boolean;
  wake(): void;
  /** Leaves the group, so that others need not wait for a missed heartbeat. */
  close(): Promise<void>;
}
