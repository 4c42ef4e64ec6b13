import { setTimeout as delay } from "node:timers/promises";
import type { HistoryEvent } from "./answers.ts";
import { PrismError } from "./errors.ts";
import { serverSentEvents } from "./server-sent-events.ts";
import type { Token } from "./token.ts";

export type FeedOptions = {
  readonly api: string;
  readonly token: Token;
  readonly namespace?: string | undefined;
  readonly team?: string | undefined;
  /** Exclusive; `0`: from the beginning. Default: only what is new. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
};

const passing = ["BACKEND_UNAVAILABLE", "RATE_LIMITED"];

/** Events as they happen, each once, over any number of connections, until `signal` aborts or the API refuses. */
export async function* eventFeed(options: FeedOptions): AsyncIterable<HistoryEvent> {
  const { api, namespace, team } = options;
  const query = new URLSearchParams({ ...(namespace && { namespace }), ...(team && { team }) });
  for await (const { data } of resumed(`${api.replace(/\/$/, "")}/api/v1/events?${query}`, options)) {
    yield data as HistoryEvent;
  }
}

/** One stream over any number of connections: each goes on after the last place the one before was told. */
export async function* resumed(
  url: string,
  options: Pick<FeedOptions, "token" | "after" | "signal">,
  pauseMs = 1_000,
) {
  const { signal } = options;
  let { after } = options;
  while (signal?.aborted !== true) {
    try {
      for await (const event of serverSentEvents(url, { ...options, after })) {
        after = event.id || after;
        if (event.data !== undefined) yield event;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof PrismError && !passing.includes(error.code)) throw error;
    }
    await delay(pauseMs, undefined, signal ? { signal } : {}).catch(() => {});
  }
}
