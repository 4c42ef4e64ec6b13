import type { Leadership, Term } from "../backends/write-ahead-log/leadership.ts";

/** A proxy that is to take nothing new for a while, and has all that it takes in hand ended. */
export interface Drainage {
  /** As the control plane last said. */
  readonly draining: boolean;
  /** Leads nothing while it drains: what it led another may. */
  readonly leadership: Leadership;
  set(draining: boolean): void;
  /** What is not over yet, calls and leaderships; `undefined` where it is in use. */
  underWay(): number | undefined;
}

export type DrainageOptions = {
  readonly leadership: Leadership;
  readonly calls: () => number;
  /** Called when it changes. */
  readonly changed: (draining: boolean) => void;
};

export function drainage({ leadership, calls, changed }: DrainageOptions): Drainage {
  let resting = new AbortController();
  let led = 0;

  const during = (term: Term): Term => {
    led++;
    let over = false;
    return {
      ...term,
      signal: AbortSignal.any([term.signal, resting.signal]),
      async resign() {
        await term.resign();
        if (!over) led--;
        over = true;
      },
    };
  };

  return {
    get draining() {
      return resting.signal.aborted;
    },
    leadership: {
      async tryLead(name) {
        if (resting.signal.aborted) return undefined;
        const term = await leadership.tryLead(name);
        return term && during(term);
      },
      close: () => leadership.close(),
    },
    set(draining) {
      if (draining === resting.signal.aborted) return;
      if (draining) resting.abort(new Error("this proxy drains"));
      else resting = new AbortController();
      changed(draining);
    },
    underWay: () => (resting.signal.aborted ? calls() + led : undefined),
  };
}
