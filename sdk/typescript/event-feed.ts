import { setTimeout as delay } from "node:timers/promises";
import type { HistoryEvent } from "./control.ts";
import { PrismError } from "./errors.ts";
import { type Token, tokenOf } from "./token.ts";

export type FeedOptions = {
  readonly api: string;
  readonly token: Token;
  readonly namespace?: string | undefined;
  readonly team?: string | undefined;
  /** Exclusive; `0`: from the beginning. Default: only what is new. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
};

const pauseMs = 1_000;

/** Events as they happen, each once, over any number of connections, until `signal` aborts or the API refuses. */
export async function* eventFeed(options: FeedOptions): AsyncIterable<HistoryEvent> {
  let position = options.after;
  while (options.signal?.aborted !== true) {
    try {
      for await (const event of oneConnection(options, position)) {
        position = event.position;
        yield event;
      }
    } catch (error) {
      if (options.signal?.aborted) return;
      if (error instanceof PrismError) throw error;
    }
    await delay(pauseMs, undefined, options.signal ? { signal: options.signal } : {}).catch(() => {});
  }
}

async function* oneConnection(
  { api, token, namespace, team, signal }: FeedOptions,
  position: string | undefined,
) {
  const query = new URLSearchParams({ ...(namespace && { namespace }), ...(team && { team }) });
  const answer = await fetch(`${api.replace(/\/$/, "")}/api/v1/events?${query}`, {
    headers: {
      authorization: `Bearer ${await tokenOf(token)}`,
      ...(position === undefined ? {} : { "last-event-id": position }),
    },
    ...(signal && { signal }),
  });
  if (!answer.ok || answer.body === null) throw await refusalOf(answer);
  for await (const message of messages(answer.body)) {
    const data = message.split("\n").find((line) => line.startsWith("data: "));
    if (data !== undefined) yield JSON.parse(data.slice("data: ".length)) as HistoryEvent;
  }
}

async function* messages(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

async function refusalOf(answer: Response): Promise<PrismError> {
  const { error } = (await answer.json()) as {
    error: { code: string; message: string; details: Record<string, unknown> };
  };
  return new PrismError(error.code, error.message, { details: error.details });
}
