import { setTimeout as pause } from "node:timers/promises";
import type { LogMember, LogReader, StoredRecord } from "../backends/log.ts";
import type { Layout } from "../backends/write-ahead-log/layouts.ts";
import { logPositionOf } from "./record.ts";

export type GateOptions = {
  /** The layouts of the namespace's log, oldest first, as they are now. */
  readonly layouts: () => Promise<readonly Layout[]>;
  /** The membership that reads; `undefined` while it is being made. */
  readonly member: () => LogMember | undefined;
};

type Held = { readonly records: readonly StoredRecord[]; readonly next: bigint };

const lookMs = 100;

/**
 * Where a log has grown over more partitions, a key goes on in another one: what lies behind such a
 * place is handed on only when the group, whoever of it reads what, is done with all that lies before.
 */
export function gated(
  reader: LogReader,
  { layouts, member }: GateOptions,
): LogReader & { readonly stop: () => void } {
  const held = new Map<number, Held>();
  // Read anew with every share: a group that is there is waited for where partitions are added.
  let known: readonly Layout[] | undefined;
  let passed = 0;
  let shares = 0;
  let looking = false;
  let stopped = false;

  /** Positions up to here are handed on; `undefined`: all. */
  const limit = (): bigint | undefined => (known === undefined ? -1n : known[passed]?.after);

  const hand = (partition: number, { records, next }: Held): void => {
    const most = limit();
    const at = most === undefined ? -1 : records.findIndex((each) => (logPositionOf(each) ?? 0n) > most);
    const first = records[at];
    if (first === undefined) {
      reader.records(partition, records, next);
      return;
    }
    reader.records(partition, records.slice(0, at), first.offset);
    held.set(partition, { records: records.slice(at), next });
    if (looking) return;
    looking = true;
    void look();
  };

  const open = async (): Promise<void> => {
    const share = shares;
    if (known === undefined || known[passed]?.partitions === undefined) {
      const read = growths(await layouts());
      if (share !== shares) return;
      known = read;
    }
    for (let next = known[passed]; next?.partitions !== undefined; next = known[passed]) {
      const standing = await member()?.standing(next.ends.length);
      if (share !== shares) return;
      if (standing === undefined || next.ends.some((end, at) => (standing[at] ?? 0n) < end)) return;
      passed++;
    }
  };

  const look = async (): Promise<void> => {
    while (held.size > 0 && !stopped) {
      const before = limit();
      await open().catch(reader.troubled);
      const waited = limit() === before ? [] : [...held];
      for (const [partition] of waited) held.delete(partition);
      for (const [partition, records] of waited) hand(partition, records);
      if (waited.length > 0) member()?.wake();
      if (held.size > 0) await pause(lookMs, undefined, { ref: false });
    }
    looking = false;
  };

  return {
    revoking: () => reader.revoking(),
    assigned(partitions) {
      const retained = new Set(partitions.flatMap((each) => (each.retained ? [each.partition] : [])));
      for (const partition of [...held.keys()]) if (!retained.has(partition)) held.delete(partition);
      known = undefined;
      passed = 0;
      shares++;
      reader.assigned(partitions);
    },
    records(partition, records, next) {
      const waiting = held.get(partition);
      if (waiting === undefined) hand(partition, { records, next });
      else held.set(partition, { records: [...waiting.records, ...records], next });
    },
    wants: (partition) => !held.has(partition) && reader.wants(partition),
    troubled: (error) => reader.troubled(error),
    failed: (error) => reader.failed(error),
    stop() {
      stopped = true;
    },
  };
}

/** The first layout is a beginning: nothing lies before it. */
const growths = (layouts: readonly Layout[]): readonly Layout[] =>
  layouts.filter(({ after }, at) => at > 0 || after >= 0n);
