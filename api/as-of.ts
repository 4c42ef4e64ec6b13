import { PrismError } from "../domain/errors.ts";
import type { EventStore } from "../eventstore/event-store.ts";

const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/**
 * The position that `?as_of=` means: one given as such, or the last event of a time
 * (RFC 3339). `undefined`: now. What lies ahead is refused: nobody knows it yet.
 */
export async function positionOf(store: EventStore, asOf: string | undefined): Promise<bigint | undefined> {
  if (asOf === undefined) return undefined;
  if (/^\d{1,18}$/.test(asOf)) {
    const position = BigInt(asOf);
    if (position > (await store.head())) throw refused(asOf, "is a position that was not reached yet");
    return position;
  }
  const at = time.test(asOf) ? new Date(asOf) : undefined;
  if (at === undefined || Number.isNaN(at.getTime()))
    throw refused(asOf, "is neither a position nor an RFC 3339 time");
  if (at.getTime() > Date.now()) throw refused(asOf, "lies in the future");
  return store.positionAt(at);
}

const refused = (asOf: string, why: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `as_of: '${asOf}' ${why}`, {
    details: {
      field: "as_of",
      recommendation: "Use a position of the history, or a time such as 2026-01-31T12:00:00Z",
    },
  });
