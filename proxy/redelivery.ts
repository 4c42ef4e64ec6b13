/** When what is under way has to be taken back, and when what was put off is due. */
export interface Redelivery {
  /** It is to be acknowledged from now on within the deadline. */
  expect(delivery: number): void;
  /** It need not be any more. */
  settle(delivery: number): void;
  /** Runs `action` then, unless everything ends before. */
  later(ms: number, action: () => void): void;
  stop(): void;
}

export type RedeliveryOptions = {
  readonly deadlineMs: number;
  /** Those whose time is over, in their order. */
  readonly expired: (deliveries: readonly number[]) => void;
};

const lookMs = 250;

export function redelivery({ deadlineMs, expired }: RedeliveryOptions): Redelivery {
  // In the order of their deadlines, which are all equally long.
  const deadlines = new Map<number, number>();
  const timers = new Set<NodeJS.Timeout>();

  const look = setInterval(
    () => {
      const now = performance.now();
      const over: number[] = [];
      for (const [delivery, at] of deadlines) {
        if (at > now) break;
        over.push(delivery);
      }
      for (const delivery of over) deadlines.delete(delivery);
      if (over.length > 0) expired(over);
    },
    Math.min(lookMs, deadlineMs / 4),
  ).unref();

  return {
    expect(delivery) {
      deadlines.delete(delivery);
      deadlines.set(delivery, performance.now() + deadlineMs);
    },
    settle: (delivery) => void deadlines.delete(delivery),
    later(ms, action) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        action();
      }, ms);
      timers.add(timer.unref());
    },
    stop() {
      clearInterval(look);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
