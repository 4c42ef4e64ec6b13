import { PrismError } from "../domain/errors.ts";
import { isOver } from "../domain/namespace/progress.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import { type OperationAddress, progressOf } from "./operation-progress.ts";

/** What a waiting caller is told as soon as it is certain, which is before the unwinding ends. */
export type Decision = { readonly position: bigint; readonly failure: PrismError | undefined };

/**
 * The operation's decision: it has succeeded, is going to fail, or waits for a person, be it for an approval
 * or parked. `undefined` where `signal` aborts first.
 */
export async function decisionOf(
  store: EventStore,
  address: OperationAddress,
  signal: AbortSignal,
): Promise<Decision | undefined> {
  let caughtUp = false;
  let waits: Decision | undefined;
  for await (const told of progressOf(store, address, signal)) {
    if (told.kind === "moved") {
      const { row, event } = told;
      if (isDecided(row)) return { position: event.position, failure: failureOf(row) };
      waits = isWaiting(row) ? { position: event.position, failure: undefined } : undefined;
    } else caughtUp = true;
    // What it waited for in its past may have come long ago.
    if (caughtUp && waits !== undefined) return waits;
  }
  return undefined;
}

const isWaiting = ({ state }: OperationRow): boolean => state === "awaiting_approval" || state === "waiting";

/** Also before it has ended: the caller need not wait for the cleaning. */
const isDecided = (row: OperationRow): boolean => isOver(row) || (row.error !== null && !isWaiting(row));

function failureOf({ error }: OperationRow): PrismError | undefined {
  return error === null ? undefined : new PrismError(error.code, error.message, { details: error.details });
}
