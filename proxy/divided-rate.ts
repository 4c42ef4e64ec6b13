/** A rate that several callers share: each is sure of an equal part, and has what the others leave. */
export interface DividedRate {
  /** One of `perSecond` for the caller: 0 where it may be now, or after how many milliseconds to ask again. */
  ask(caller: string, perSecond: number): number;
  /** One that was taken already: for how many milliseconds its taker has to rest. */
  charge(caller: string, perSecond: number): number;
}

type Bucket = { tokens: number; at: number };

// What may come at once after a pause.
const burstSeconds = 1;
const idleMs = 1_000;
// Who has been silent for so long has no part to be kept free.
const activeMs = 10_000;

export function dividedRate(clock: () => number): DividedRate {
  const full = (): Bucket => ({ tokens: Number.POSITIVE_INFINITY, at: clock() });
  const whole = full();
  const callers = new Map<string, Bucket>();

  const fill = (bucket: Bucket, perSecond: number): void => {
    const now = clock();
    const most = Math.max(1, perSecond * burstSeconds);
    bucket.tokens = Math.min(most, bucket.tokens + ((now - bucket.at) / 1_000) * perSecond);
    bucket.at = now;
  };

  /** The caller's equal part, among those who ask just now. */
  const partOf = (caller: string, perSecond: number): { part: Bucket; partPerSecond: number } => {
    let part = callers.get(caller);
    if (part === undefined) {
      const now = clock();
      for (const [other, { at }] of callers) if (now - at > activeMs) callers.delete(other);
      part = full();
      callers.set(caller, part);
    }
    const partPerSecond = perSecond / callers.size;
    fill(part, partPerSecond);
    return { part, partPerSecond };
  };

  // Half of what may come at once is kept for those who are below their part.
  const kept = (perSecond: number): number => (callers.size === 1 ? 0 : (perSecond * burstSeconds) / 2);

  return {
    ask(caller, perSecond) {
      fill(whole, perSecond);
      const { part, partPerSecond } = partOf(caller, perSecond);
      const isSure = part.tokens >= 1;
      const isSpare = callers.size === 1 || whole.tokens > kept(perSecond);
      if (whole.tokens >= 1 && (isSure || isSpare)) {
        whole.tokens--;
        if (isSure) part.tokens--;
        return 0;
      }
      const afterMs = whole.tokens < 1 ? untilMs(whole, perSecond, 1) : untilMs(part, partPerSecond, 1);
      return Math.max(1, afterMs);
    },

    charge(caller, perSecond) {
      fill(whole, perSecond);
      const { part, partPerSecond } = partOf(caller, perSecond);
      whole.tokens--;
      // From the own part, or from what is spare: whichever has room sooner. What is spare has room the
      // later the more take from it, so that all of them together come to the whole rate.
      const ownMs = untilMs(part, partPerSecond, 1);
      const spareMs = untilMs(whole, perSecond, kept(perSecond));
      if (ownMs > spareMs) return spareMs;
      part.tokens--;
      return ownMs;
    },
  };
}

/** Until the bucket holds `tokens`. */
const untilMs = (bucket: Bucket, perSecond: number, tokens: number): number =>
  perSecond === 0 ? idleMs : Math.max(0, Math.ceil(((tokens - bucket.tokens) / perSecond) * 1_000));
