import type { Deliver, Pattern, Publish } from "./patterns/pattern.ts";

// Both are folded when a namespace's entry changes, not per message.

/** From the first pattern inwards to the backend. */
export const publisher = (patterns: readonly Pattern[], backend: Publish): Publish =>
  patterns.reduceRight((next, pattern) => pattern.publish?.(next) ?? next, backend);

/** From the backend outwards: what came last in publishing comes first in delivering. */
export const deliverer = (patterns: readonly Pattern[], consumer: Deliver): Deliver =>
  patterns.reduce((next, pattern) => pattern.deliver?.(next) ?? next, consumer);
