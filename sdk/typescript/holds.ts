/** What was received and is not acknowledged: kept from coming again, while it waits and while it is worked on. */
export interface Holds {
  received(receipt: string): void;
  /** It is about to be worked on. `false`: it has run out, and comes again. */
  taken(receipt: string): boolean;
  settled(receipt: string): void;
  stop(): void;
}

export type HoldsOptions = {
  /** For how long one is worked on, and how long what waits outlives the last that was taken. */
  readonly holdMs: number;
  /** Asks the proxy for more time. */
  readonly extend: (receipts: string[]) => void;
};

type Hold = {
  waits: boolean;
  /** Until when it is asked for. */
  until: number;
  /** Until when the proxy waits, by what it was asked. */
  dueAt: number;
};

// What a proxy waits; a third of it between two questions.
const deadlineMs = 30_000;
const extendMs = 10_000;

export function holds({ holdMs, extend }: HoldsOptions): Holds {
  const held = new Map<string, Hold>();
  // A consumer that takes one after the other comes to all of them; one that hangs must not keep them.
  let takenAt = 0;

  const wanted = ({ waits, until }: Hold, now: number): boolean =>
    now <= (waits ? Math.max(until, takenAt + holdMs) : until);

  const extending = setInterval(() => {
    const now = performance.now();
    const receipts: string[] = [];
    for (const [receipt, hold] of held) {
      if (hold.dueAt < now) held.delete(receipt);
      else if (wanted(hold, now)) {
        hold.dueAt = now + deadlineMs;
        receipts.push(receipt);
      }
    }
    if (receipts.length > 0) extend(receipts);
  }, extendMs).unref();

  return {
    received(receipt) {
      const now = performance.now();
      held.set(receipt, { waits: true, until: now + holdMs, dueAt: now + deadlineMs });
    },
    taken(receipt) {
      const hold = held.get(receipt);
      const now = performance.now();
      takenAt = now;
      if (hold === undefined || hold.dueAt < now) return false;
      hold.waits = false;
      hold.until = now + holdMs;
      if (hold.dueAt < now + extendMs) {
        hold.dueAt = now + deadlineMs;
        extend([receipt]);
      }
      return true;
    },
    settled: (receipt) => void held.delete(receipt),
    stop: () => clearInterval(extending),
  };
}
