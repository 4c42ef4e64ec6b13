import { setTimeout as pause } from "node:timers/promises";
import type { Progress } from "../backends/log.ts";
import { PrismError } from "../domain/errors.ts";
import type { HeldPartition } from "./held-partition.ts";

type CommitOptions = {
  readonly held: ReadonlyMap<number, HeldPartition>;
  /** `false`: the partitions have moved, nothing was recorded. */
  readonly commit: (progress: ReadonlyMap<number, Progress>) => Promise<boolean>;
  readonly troubled: (error: Error) => void;
};

const retryMs = 500;
const lookMs = 200;
const patienceMs = 15_000;
// What is noted beside an offset has an end.
const tooFarAhead = "too many earlier messages are not acknowledged yet";

/** Commits how far each partition is done without a gap, and what is done beyond, one request at a time. */
export function commits({ held, commit, troubled }: CommitOptions) {
  let running: Promise<boolean> | undefined;
  let queued: Promise<boolean> | undefined;
  let looking: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let dueAtMs = Number.POSITIVE_INFINITY;
  let stopped = false;

  const send = async (): Promise<boolean> => {
    const behind = [...held].map(([partition, of]) => ({ partition, of, progress: of.progress() }));
    const news = behind.filter(({ of, progress }) => !of.isCommitted(progress));
    if (news.length === 0) return true;
    const taken = await commit(new Map(news.map(({ partition, progress }) => [partition, progress])));
    // Into what was held then: a partition that went and came back begins anew.
    if (taken) for (const { of, progress } of news) of.committed(progress);
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

  /** A while later: one look for all who wait, however many they are. */
  const later = (): Promise<boolean> => {
    looking ??= pause(lookMs)
      .then(flush)
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };

  /** Resolves `true` when `covered` by what is committed, `false` once that is no longer `possible`. */
  const until = async (covered: () => boolean, possible: () => boolean): Promise<boolean> => {
    const lateMs = performance.now() + patienceMs;
    for (let taken = await flush(); ; taken = await later()) {
      if (covered()) return true;
      if (!possible()) return false;
      if (performance.now() > lateMs) throw uncommitted(taken ? tooFarAhead : "its partitions are moving");
    }
  };

  return {
    flush,
    until,
    soon,
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

const uncommitted = (because: string): PrismError =>
  new PrismError("BACKEND_UNAVAILABLE", `could not commit what was acknowledged: ${because}`, {
    details: { retry_after_ms: 1_000 },
  });
