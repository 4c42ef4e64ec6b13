/** Where a record lies: dense neither over partitions nor, with gaps, within one; increasing within one. */
export type LogPosition = { readonly partition: number; readonly offset: bigint };

export type LogRecord = {
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array;
  readonly headers: ReadonlyMap<string, string>;
  readonly timestampMs: number;
};

export type NewRecord = LogRecord & {
  /** Records with equal bytes here lie in one partition, in order; `undefined`: any partition, in turn. */
  readonly placedBy: Uint8Array | undefined;
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
  /** The very record at a position; `undefined` where there is none. */
  read(position: LogPosition, signal: AbortSignal): Promise<StoredRecord | undefined>;
  /** Joins a group; resolves when its first share of the partitions and their positions are fixed. */
  join(membership: Membership): Promise<LogMember>;
  close(): Promise<void>;
}

export type Membership = {
  readonly group: string;
  /** Where a partition begins that the group never committed. It is committed at once, and so holds from then on. */
  readonly start: "earliest" | "latest";
  readonly reader: LogReader;
};

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
  readonly retained: boolean;
};

export interface LogMember {
  /**
   * Records that everything below these offsets is done. `false`: the partitions have moved
   * since, nothing was recorded and nothing of others overwritten.
   */
  commit(offsets: ReadonlyMap<number, bigint>): Promise<boolean>;
  wake(): void;
  /** Leaves the group, so that others need not wait for a missed heartbeat. */
  close(): Promise<void>;
}
