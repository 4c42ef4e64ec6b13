import { PrismError } from "./errors.ts";
import { type Token, tokenOf } from "./token.ts";

export type ServerSentEvent = { readonly id: string; readonly event: string; readonly data: unknown };

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
  if (!answer.ok || answer.body === null) throw await refusalOf(answer);
  for await (const message of messages(answer.body)) {
    const fields = new Map(message.split("\n").map(fieldOf));
    const data = fields.get("data");
    if (data === undefined) continue;
    yield { id: fields.get("id") ?? "", event: fields.get("event") ?? "message", data: JSON.parse(data) };
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

async function refusalOf(answer: Response): Promise<PrismError> {
  const { error } = (await answer.json()) as {
    error: { code: string; message: string; details: Record<string, unknown> };
  };
  return new PrismError(error.code, error.message, { details: error.details });
}
