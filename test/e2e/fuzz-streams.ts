import { oneOf, randomOf } from "../setup/random.ts";
import type { Side } from "./fuzz-configuration.ts";

export type Streamed = { readonly status: number; readonly body: string };

/** What fits nowhere, or nearly. */
const odd = ["", "-1", "1e9", "0x10", "9".repeat(30), "../x", "\u202e", "'; --", "null", "%00"] as const;
const readMs = 400;

/**
 * Opens streams of events in one team's name, with everything drawn that they take, on what
 * `named` have; answers what came in the first moments of each.
 */
export function streamed(
  api: string,
  asker: Side,
  named: readonly Side[],
  count: number,
): Promise<readonly Streamed[]> {
  const random = randomOf(count + named.length);
  const drawn = (...values: readonly string[]) => oneOf(random, random() < 0.7 ? values : odd);
  const position = () => drawn("0", "1", String(Math.floor(random() * 1_000)));
  const of = (pick: (side: Side) => string) => drawn(...named.map(pick));
  const one = (): Promise<Streamed> => {
    const asked = new URLSearchParams();
    if (random() < 0.8) asked.set("after", position());
    const operation = random() < 0.4;
    if (!operation && random() < 0.8)
      asked.set(
        "namespace",
        of(({ namespace }) => namespace),
      );
    if (!operation && random() < 0.3)
      asked.set(
        "team",
        of(({ team }) => team),
      );
    const route = operation
      ? `operations/${encodeURIComponent(of(({ operation: id }) => id))}/events`
      : "events";
    const headers = {
      authorization: `Bearer ${asker.token}`,
      ...(random() < 0.2 && { "last-event-id": String(Math.floor(random() * 1_000)) }),
    };
    return beginning(`${api}/api/v1/${route}?${asked}`, headers);
  };
  return Promise.all(Array.from({ length: count }, one));
}

async function beginning(url: string, headers: Record<string, string>): Promise<Streamed> {
  const signal = AbortSignal.timeout(30_000);
  const answer = await fetch(url, { headers, signal });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  const enough = setTimeout(() => void reader?.cancel(), readMs);
  let body = "";
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) body += read.value;
  clearTimeout(enough);
  return { status: answer.status, body };
}
