import type { AssignedPartition, Log, LogReader, NewRecord, StoredRecord } from "../../backends/log.ts";

/** A log in memory whose partitions move when the test says so. */
export function memoryLog() {
  const records: StoredRecord[] = [];
  const committed: Record<number, bigint>[] = [];
  const notes: Record<number, string> = {};
  let reader: LogReader | undefined;
  let woken = 0;
  let commits = true;
  let stands = true;
  const reached: bigint[] = [];

  const joined = (): LogReader => {
    if (reader === undefined) throw new Error("nobody has joined");
    return reader;
  };

  const log: Log = {
    async append(record: NewRecord) {
      const offset = BigInt(records.length);
      records.push({ ...record, offset });
      return { partition: 0, offset };
    },
    async write(more: readonly NewRecord[]) {
      for (const record of more) await log.append(record);
    },
    read: async ({ offset }) => records.find((record) => record.offset === offset),
    find: async (_, isIt) => records.find(isIt),
    async join(membership) {
      reader = membership.reader;
      return {
        async commit(progress) {
          const offsets = [...progress].map(([partition, { offset }]) => [partition, offset]);
          if (commits) committed.push(Object.fromEntries(offsets) as Record<number, bigint>);
          for (const [partition, { note }] of progress) notes[partition] = note;
          return commits;
        },
        standing: async (partitions) => Array.from({ length: partitions }, (_, at) => reached[at] ?? 0n),
        stands: () => stands,
        wake: () => void woken++,
        close: async () => {},
      };
    },
    close: async () => {},
  };

  return {
    log,
    records,
    committed,
    /** How far the group is in each partition, whoever reads it. */
    reached,
    /** What was committed last beside each partition's offset. */
    notes,
    /** From now on commits are those of an older generation. */
    refuseCommits: () => {
      commits = false;
    },
    /** Whether the backend may have taken its partitions away, for all this member knows. */
    sleeps: (asleep: boolean) => {
      stands = !asleep;
    },
    revoke: () => joined().revoking(),
    assign: (...partitions: AssignedPartition[]) => joined().assigned(partitions),
    deliver: (partition: number, stored: readonly StoredRecord[], next: bigint) =>
      joined().records(partition, stored, next),
    woken: () => woken,
    wants: (partition: number) => joined().wants(partition),
    fail: (error: Error) => joined().failed(error),
  };
}
