import type { Deliver, Pattern, Publish } from "./patterns/pattern.ts";
import { spannedStep } from "./tracing.ts";

// Both are folded when a namespace's entry changes, not per message.

/** Told how long a pattern took with a message, what comes after it included. */
export type Observe = (pattern: string, seconds: number) => void;

/** From the first pattern inwards to the backend. */
export const publisher = (
  patterns: readonly Pattern[],
  backend: Publish,
  observe: Observe = () => {},
): Publish =>
  patterns.reduceRight((next, pattern) => {
    const step = pattern.publish?.(next);
    if (step === undefined) return next;
    const spanned = spannedStep(`${pattern.name}-pattern`, { "prism.pattern": pattern.name }, step);
    return timed(spanned, (seconds) => observe(pattern.name, seconds));
  }, backend);

const timed =
  (step: Publish, took: (seconds: number) => void): Publish =>
  async (message) => {
    const startedAt = performance.now();
    try {
      return await step(message);
    } finally {
      took((performance.now() - startedAt) / 1_000);
    }
  };

/** From the backend outwards: what came last in publishing comes first in delivering. */
export const deliverer = (patterns: readonly Pattern[], consumer: Deliver): Deliver =>
  patterns.reduce((next, pattern) => pattern.deliver?.(next) ?? next, consumer);
