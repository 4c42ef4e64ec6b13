import type { LowWater } from "./low-water.ts";

/** What a group knows of one of its partitions. */
export type Held = {
  readonly water: LowWater;
  committed: bigint;
  /** What waits here to be handed out. */
  waiting: number;
  waitingBytes: number;
  /** Nothing more is fetched until half of what waits is gone. */
  full: boolean;
};

type CommitOptions = {
  readonly held: ReadonlyMap<number, Held>;
  /** `false`: the partitions have moved, nothing was recorded. */
  readonly commit: (offsets: ReadonlyMap<number, bigint>) => Promise<boolean>;
  readonly troubled: (error: Error) => void;
};

const retryMs = 500;

/** Commits how far each partition is done without a gap, one request at a time. */
export function commits({ held, commit, troubled }: CommitOptions) {
  let running: Promise<boolean> | undefined;
  let queued: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let dueAtMs = Number.POSITIVE_INFINITY;
  let stopped = false;

  const send = async (): Promise<boolean> => {
    const behind = [...held].filter(([, { water, committed }]) => water.mark() > committed);
    if (behind.length === 0) return true;
    const offsets = new Map(behind.map(([partition, { water }]) => [partition, water.mark()]));
    const taken = await commit(offsets);
    // Into what was held then: a partition that went and came back begins anew.
    if (taken) for (const [partition, of] of behind) of.committed = offsets.get(partition) ?? of.committed;
    return taken;
  };

  /** Resolves `true` when all that was done before the call is committed, `false` where partitions have moved. */
  const flush = (): Promise<boolean> => {
    if (running === undefined) {
      running = send().finally(() => {
        running = undefined;
      });
      return running;
    }
    // What runs may have begun before the newest acknowledgement.
    queued ??= running
      .catch(() => {})
      .then(() => {
        queued = undefined;
        return flush();
      });
    return queued;
  };

  /** Within `ms`, together with whatever comes until then. */
  const soon = (ms: number): void => {
    const at = performance.now() + ms;
    if (stopped || at >= dueAtMs) return;
    clearTimeout(timer);
    dueAtMs = at;
    timer = setTimeout(() => {
      dueAtMs = Number.POSITIVE_INFINITY;
      flush().catch((error: Error) => {
        troubled(error);
        soon(retryMs);
      });
    }, ms);
  };

  return {
    flush,
    soon,
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
