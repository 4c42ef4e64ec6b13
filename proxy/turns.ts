import { AsyncResource } from "node:async_hooks";

/** Whose work comes next where there is more of it than the process can do. Nobody waits while it keeps up. */
export interface Turns {
  /** Does `work` now where nothing waits, else in its namespace's turn; what it answers, or throws. */
  take<Result>(namespace: string, work: () => Promise<Result>): Promise<Result>;
}

export type TurnsOptions = {
  /** Told what each piece of work took of this thread, whether or not it had to wait. */
  readonly took?: (namespace: string, ms: number) => void;
  readonly clock?: () => number;
  /** Calls back once the events that are at hand have been read. */
  readonly later?: (work: () => void) => void;
};

type Line = {
  readonly waiting: (() => void)[];
  /** What it may still take in this round, in milliseconds; what it took too much is below zero. */
  balance: number;
};

// How long a round of the event loop does what it finds before it asks whose turn it is.
const promptMs = 2;
// How long work is done before events are read again.
const sliceMs = 4;
const quantumMs = 0.5;

/**
 * Deficit round robin over namespaces, in milliseconds of this thread: who floods waits behind itself, and who
 * asks for less than an equal part waits no longer than the others' quanta take. What one takes too much it pays
 * back as long as others wait. A namespace's own work keeps its order.
 */
export function turns(options: TurnsOptions = {}): Turns {
  const { took = () => {}, clock = () => performance.now(), later = setImmediate } = options;
  const lines = new Map<string, Line>();
  let waiting = 0;
  let roundBegan: number | undefined;

  /** Whether this round of the event loop has been at work for so long that others wait to be read. */
  const behind = (): boolean => {
    if (roundBegan !== undefined) return clock() - roundBegan > promptMs;
    roundBegan = clock();
    later(() => {
      roundBegan = undefined;
    });
    return false;
  };

  const now = <Result>(namespace: string, work: () => Result): Result => {
    const began = clock();
    try {
      return work();
    } finally {
      took(namespace, clock() - began);
    }
  };

  const wait = (namespace: string, work: () => void): void => {
    if (waiting++ === 0) later(slice);
    const line = lines.get(namespace);
    if (line === undefined) lines.set(namespace, { waiting: [work], balance: 0 });
    else line.waiting.push(work);
  };

  const slice = (): void => {
    const began = clock();
    for (let now = began; waiting > 0 && now - began < sliceMs; ) now = next(now, began + sliceMs);
    if (waiting > 0) later(slice);
    // It has caught up: nobody has taken anything from anybody.
    else lines.clear();
  };

  /** One namespace's quantum; answers what time it is then. */
  const next = (since: number, until: number): number => {
    const [namespace, line] = lines.entries().next().value as [string, Line];
    line.balance += quantumMs;
    let now = since;
    while (line.balance > 0 && line.waiting.length > 0 && now < until) {
      line.waiting.shift()?.();
      waiting--;
      const done = clock();
      line.balance -= done - now;
      took(namespace, done - now);
      now = done;
    }
    // To the end of the round, unless nothing of it waits and it owes nothing.
    lines.delete(namespace);
    if (line.waiting.length > 0 || line.balance < 0) lines.set(namespace, line);
    return now;
  };

  return {
    take(namespace, work) {
      if (waiting === 0 && !behind()) return now(namespace, work);
      // What it throws at once is its caller's, too.
      const begin = async () => work();
      return new Promise((resolve) =>
        // In its own caller's context: a trace is no other call's.
        wait(
          namespace,
          AsyncResource.bind(() => resolve(begin())),
        ),
      );
    },
  };
}
