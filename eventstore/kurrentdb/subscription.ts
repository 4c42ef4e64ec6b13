import type { AllStreamResolvedEvent, AllStreamSubscription } from "@kurrent/kurrentdb-client";
import type { RecordedEvent } from "../../domain/event.ts";
import type { Filter, SubscriptionItem } from "../event-store.ts";
import { passes } from "../filter.ts";
import { pause } from "../pause.ts";
import type { KurrentClient } from "./client.ts";
import { recordedEvent, serverPosition } from "./recorded.ts";
import { serverFilter } from "./server-filter.ts";
import { hasKind, storeError } from "./store-error.ts";

export type SubscriptionOptions = {
  readonly client: () => Promise<KurrentClient>;
  readonly head: () => Promise<bigint>;
  readonly history: (after: bigint, filter: Filter | undefined) => AsyncIterable<RecordedEvent>;
  readonly after: bigint;
  readonly filter: Filter | undefined;
  readonly signal: AbortSignal;
};

type Place = { seen: bigint };

const backoffMs = { first: 50, most: 2_000 };

/**
 * History by reading, then a catch-up subscription from where the reading ended. When it drops, which the client
 * does not mend by itself, all of it begins again at what was delivered last.
 */
export async function* subscription(options: SubscriptionOptions): AsyncGenerator<SubscriptionItem> {
  const { signal } = options;
  const place: Place = { seen: options.after };
  let pauseMs = backoffMs.first;
  while (!signal.aborted) {
    try {
      yield* catchUp(options, place);
      pauseMs = backoffMs.first;
      yield* live(options, place);
    } catch (error) {
      if (signal.aborted) return;
      const failure = storeError("read the log for a subscription", error);
      if (!hasKind(failure, "StoreUnavailable")) throw failure;
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, backoffMs.most);
  }
}

async function* catchUp(options: SubscriptionOptions, place: Place): AsyncGenerator<SubscriptionItem> {
  const { signal, filter } = options;
  const head = await options.head();
  for await (const event of options.history(place.seen, filter)) {
    if (signal.aborted) return;
    if (event.position > head) break;
    place.seen = event.position;
    yield { kind: "event", event };
  }
  if (signal.aborted) return;
  if (place.seen < head) {
    place.seen = head;
    yield { kind: "checkpoint", position: head };
  }
  if (!signal.aborted) yield { kind: "caughtUp", position: place.seen };
}

/** What a checkpoint looks like among the events: put into the stream, so that it cannot overtake them. */
type Passed = { readonly passed: bigint };

async function* live(options: SubscriptionOptions, place: Place): AsyncGenerator<SubscriptionItem> {
  const { signal, filter } = options;
  if (signal.aborted) return;
  const client = await options.client();
  const subscription: AllStreamSubscription = client.subscribeToAll({
    fromPosition: place.seen === 0n ? "start" : serverPosition(place.seen),
    filter: {
      ...serverFilter(filter),
      // A checkpoint for whatever is passed over, not for every 32nd.
      maxSearchWindow: 1,
      checkpointReached: (_subscription, { commit }) =>
        void subscription.push({ passed: commit } satisfies Passed),
    },
  });
  const end = () => {
    subscription.unsubscribe().catch(() => {});
    subscription.destroy();
  };
  signal.addEventListener("abort", end);
  // A failure that comes after the end concerns nobody, and one that nobody listens to would end the process.
  subscription.on("error", () => {});
  try {
    for await (const item of subscription as AsyncIterable<AllStreamResolvedEvent | Passed>) {
      if (signal.aborted) return;
      yield* delivered(item, filter, place);
    }
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}

/** What an item of the server's is to the reader; what is at or before its place it has had already. */
function* delivered(
  item: AllStreamResolvedEvent | Passed,
  filter: Filter | undefined,
  place: Place,
): Generator<SubscriptionItem> {
  const event = "passed" in item ? undefined : recordedEvent(item);
  const position = "passed" in item ? item.passed : item.event?.position.commit;
  if (position === undefined || position <= place.seen) return;
  place.seen = position;
  if (event !== undefined && passes(event, filter)) yield { kind: "event", event };
  else yield { kind: "checkpoint", position };
}
