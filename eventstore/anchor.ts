import { createHash } from "node:crypto";
import type { RecordedEvent } from "../domain/event.ts";
import type { EventStore } from "./event-store.ts";

/** What the whole log was, up to a position; kept where who can write the log cannot write. */
export type Anchor = {
  readonly position: string;
  /** Over the hashes of all events up to there, in the order of the log. */
  readonly digest: string;
  /** RFC 3339, when it was made. */
  readonly at: string;
};

/** The digest before the first event. */
export const emptyLog = createHash("sha256").update("").digest("hex");

/** The digest of the log with one more event. */
const extended = (digest: string, { hash }: Pick<RecordedEvent, "hash">): string =>
  createHash("sha256").update(`${digest}\n${hash}`).digest("hex");

/**
 * The anchor of the log as it is, which goes on from the last one: nothing before that is read again.
 * `undefined`: nothing was added since. `cut`: the log ends before the last one, so that there is nothing to go on from.
 */
export async function nextAnchor(
  store: EventStore,
  last: Anchor | undefined,
  at: Date,
): Promise<Anchor | "cut" | undefined> {
  const after = BigInt(last?.position ?? 0);
  const head = await store.head();
  if (head < after) return "cut";
  let digest = last?.digest ?? emptyLog;
  let position = after;
  for await (const event of store.readAll({ after })) {
    if (event.position > head) break;
    digest = extended(digest, event);
    position = event.position;
  }
  return position === after ? undefined : { position: String(position), digest, at: at.toISOString() };
}

export type AnchorFinding = { readonly position: bigint; readonly wrong: string };

/**
 * Compares a log that is read from its beginning with its anchors, in parts: `digest` is that of everything before
 * the part, and null where that is not known, which it is again from the next anchor on.
 */
export function againstAnchors(anchors: readonly Anchor[], digest: string | null) {
  const byPosition = new Map(anchors.map((anchor) => [anchor.position, anchor]));
  const findings: AnchorFinding[] = [];
  let running = digest;
  let checked = 0;
  return {
    see(event: RecordedEvent): void {
      if (running !== null) running = extended(running, event);
      const anchor = byPosition.get(String(event.position));
      if (anchor === undefined) return;
      if (running !== null) checked += 1;
      if (running !== null && running !== anchor.digest) {
        const wrong = `up to here the log is not what it was at ${anchor.at}: it was written anew`;
        findings.push({ position: event.position, wrong });
      }
      // What comes later is judged by itself.
      running = anchor.digest;
    },
    seen: () => ({ digest: running, checked, findings }),
  };
}

/** Where the log ends before it was anchored. */
export function cutOff(anchors: readonly Anchor[], head: bigint): AnchorFinding | undefined {
  const last = anchors.at(-1);
  if (last === undefined || BigInt(last.position) <= head) return undefined;
  const wrong = `the log ends here, and went on to position ${last.position} at ${last.at}: its end was cut off`;
  return { position: head, wrong };
}
