import { setTimeout as pause } from "node:timers/promises";
import type { Leadership, Term } from "../backends/write-ahead-log/leadership.ts";

/** What a pattern does beside messages: on one proxy at a time, for as long as its namespace is served. */
export interface Background {
  /** Over all proxies: who leads it is decided by this name. */
  readonly name: string;
  /**
   * Does it until `signal` aborts, or until somebody else has taken over. A rejection is
   * trouble: it is told, and begun anew after a pause.
   */
  lead(term: Term, signal: AbortSignal): Promise<void>;
}

export type BackgroundOptions = {
  readonly leadership: Leadership;
  readonly troubled: (error: Error) => void;
};

// How long a namespace is without a leader when one has left, at most.
const candidacyMs = 500;
const firstPauseMs = 100;
const lastPauseMs = 5_000;

/** Leads whenever nobody else does. `stop` resolves when another may. */
export function runBackground(work: Background, { leadership, troubled }: BackgroundOptions) {
  const stopping = new AbortController();
  const { signal } = stopping;
  let failures = 0;

  const rest = (ms: number): Promise<void> =>
    pause(ms * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => {});

  const serve = async (): Promise<void> => {
    const term = await leadership.tryLead(work.name);
    if (term === undefined) return rest(candidacyMs);
    try {
      await work.lead(term, AbortSignal.any([signal, term.signal]));
      failures = 0;
    } finally {
      await term.resign();
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await serve();
      } catch (error) {
        if (signal.aborted) return;
        troubled(error as Error);
        await rest(Math.min(lastPauseMs, firstPauseMs * 2 ** failures++));
      }
    }
  };

  const running = run();
  return {
    stop(): Promise<void> {
      stopping.abort();
      return running;
    },
  };
}
