import type { Pool } from "pg";
import type { Filter, SubscriptionItem } from "../event-store.ts";
import { pause } from "../pause.ts";
import { pages } from "./pages.ts";
import { isUnavailable, storeError } from "./store-error.ts";
import type { Watch } from "./watch.ts";

export type SubscriptionOptions = {
  readonly pool: Pool;
  /** Resolves once the tables are there. */
  readonly ready: () => Promise<void>;
  readonly head: Watch<bigint>;
  readonly after: bigint;
  readonly filter: Filter | undefined;
  readonly signal: AbortSignal;
};

const backoffMs = { first: 50, most: 2_000 };

/**
 * The log from `after` on. The reader pulls: while it works, nothing is read ahead, and where it stands is kept
 * here, so that a lost connection costs a pause and neither a gap nor a repeat.
 */
export async function* subscription(options: SubscriptionOptions): AsyncGenerator<SubscriptionItem> {
  const { signal, ready, head: watch } = options;
  const place = { seen: options.after, caughtUp: false };
  let pauseMs = backoffMs.first;
  while (!signal.aborted) {
    try {
      await ready();
      const head = await watch.until((position) => position > place.seen || !place.caughtUp, signal);
      if (head === undefined) return;
      yield* upTo(head, place, options);
      pauseMs = backoffMs.first;
    } catch (error) {
      const failure = storeError("read the log for a subscription", error);
      if (!isUnavailable(failure)) throw failure;
      place.caughtUp = false;
      await pause(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, backoffMs.most);
    }
  }
}

type Place = { seen: bigint; caughtUp: boolean };

async function* upTo(
  head: bigint,
  place: Place,
  { pool, filter, signal }: SubscriptionOptions,
): AsyncGenerator<SubscriptionItem> {
  const range = { by: "position", first: place.seen + 1n, last: head, backwards: false, filter } as const;
  for await (const page of pages(pool, range)) {
    for (const event of page.events) {
      if (signal.aborted) return;
      // Before the yield: a reader who breaks off here has been given this event.
      place.seen = event.position;
      yield { kind: "event", event };
    }
    if (signal.aborted) return;
    if (place.seen < page.seen) {
      place.seen = page.seen;
      yield { kind: "checkpoint", position: page.seen };
    }
  }
  if (place.caughtUp || signal.aborted) return;
  place.caughtUp = true;
  yield { kind: "caughtUp", position: place.seen };
}
