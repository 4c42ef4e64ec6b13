import { PrismError } from "../domain/errors.ts";
import type { Caller } from "../runtime/auth.ts";

export interface CollisionLimit {
  /** `RATE_LIMITED` where the caller has run into so many names that they may be guessing. */
  assertMayAsk(caller: Caller): void;
  /** The caller was told that a name is taken which is not theirs. */
  collided(caller: Caller): void;
}

type Bucket = { readonly left: number; readonly at: number };

const mostCallers = 10_000;

/**
 * How many names of others a caller may run into: `perMinute` at once, and as many again in a minute. Who is
 * beyond that is refused before the name is looked at, so that the refusal says nothing of it. Counted by each
 * process of the API for itself.
 */
export function collisionLimit(
  { perMinute }: { readonly perMinute: number },
  now: () => number = Date.now,
): CollisionLimit {
  const buckets = new Map<string, Bucket>();
  const left = ({ subject }: Caller): number => {
    const bucket = buckets.get(subject);
    if (bucket === undefined) return perMinute;
    return Math.min(perMinute, bucket.left + ((now() - bucket.at) / 60_000) * perMinute);
  };
  return {
    assertMayAsk(caller) {
      const missing = 1 - left(caller);
      if (missing <= 0) return;
      const seconds = Math.ceil((missing / perMinute) * 60);
      throw new PrismError("RATE_LIMITED", "You have asked for too many names that are taken", {
        details: {
          retry_after_seconds: seconds,
          recommendation: `Ask again in ${seconds} s, for a name that is your team's own`,
        },
      });
    },
    collided(caller) {
      const rest = left(caller) - 1;
      buckets.delete(caller.subject);
      if (buckets.size >= mostCallers) buckets.delete(buckets.keys().next().value ?? "");
      buckets.set(caller.subject, { left: rest, at: now() });
    },
  };
}
