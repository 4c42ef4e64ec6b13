import { refusalOf } from "./refusal.ts";
import { type Token, tokenOf } from "./token.ts";

export type ServerSentEvent = {
  /** `""`: it has none, and the one before it stands. */
  readonly id: string;
  readonly event: string;
  /** `undefined`: nothing has happened, but that is the place to go on after. */
  readonly data: unknown;
};

/** One connection's events, until it ends; rejects with the API's refusal. */
export async function* serverSentEvents(
  url: string,
  options: {
    readonly token: Token;
    readonly after?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): AsyncIterable<ServerSentEvent> {
  const { token, after, signal } = options;
  const answer = await fetch(url, {
    headers: {
      authorization: `Bearer ${await tokenOf(token)}`,
      ...(after === undefined ? {} : { "last-event-id": after }),
    },
    ...(signal && { signal }),
  });
  if (!answer.ok || answer.body === null)
    throw refusalOf(await answer.text(), answer.status, new URL(url).origin);
  for await (const message of messages(answer.body)) {
    const fields = new Map(message.split("\n").map(fieldOf));
    const [id, data] = [fields.get("id") ?? "", fields.get("data")];
    if (id === "" && data === undefined) continue;
    const event = fields.get("event") ?? "message";
    yield { id, event, data: data === undefined ? undefined : JSON.parse(data) };
  }
}

/** Comments, which keep the connection alive, become a field without a name. */
function fieldOf(line: string): [name: string, value: string] {
  const at = line.indexOf(": ");
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 2)];
}

async function* messages(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
