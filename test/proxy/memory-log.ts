import type { AssignedPartition, Log, LogReader, NewRecord, StoredRecord } from "../../backends/log.ts";

/** A log in memory whose partitions move when the test says so. */
export function memoryLog() {
  const records: StoredRecord[] = [];
  const committed: Record<number, bigint>[] = [];
  let reader: LogReader | undefined;
  let commits = true;

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
    read: async ({ offset }) => records.find((record) => record.offset === offset),
    async join(membership) {
      reader = membership.reader;
      return {
        async commit(offsets) {
          if (commits) committed.push(Object.fromEntries(offsets));
          return commits;
        },
        wake: () => {},
        close: async () => {},
      };
    },
    close: async () => {},
  };

  return {
    log,
    records,
    committed,
    /** From now on commits are those of an older generation. */
    refuseCommits: () => {
      commits = false;
    },
    revoke: () => joined().revoking(),
    assign: (...partitions: AssignedPartition[]) => joined().assigned(partitions),
    deliver: (partition: number, stored: readonly StoredRecord[], next: bigint) =>
      joined().records(partition, stored, next),
    wants: (partition: number) => joined().wants(partition),
    fail: (error: Error) => joined().failed(error),
  };
}
