import { PrismError } from "../domain/errors.ts";
import { isOver, type OperationState } from "../domain/namespace/progress.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import { type OperationAddress, progressOf } from "./operation-progress.ts";
import type { UnbegunDependencies } from "./unbegun.ts";

/** What a waiting caller is told as soon as it is certain, which is before the unwinding ends. */
export type Decision = {
  /** Of the event that says so; 0: none does. */
  readonly position: bigint;
  readonly state: OperationState;
  readonly failure: PrismError | undefined;
};

/**
 * The operation's decision: it has succeeded, is going to fail, or waits for a person, be it for an approval
 * or parked. `undefined` where `signal` aborts first.
 */
export async function decisionOf(
  deps: UnbegunDependencies,
  address: OperationAddress,
  signal: AbortSignal,
): Promise<Decision | undefined> {
  let caughtUp = false;
  let waits: Decision | undefined;
  for await (const told of progressOf(deps, address, signal)) {
    if (told.kind === "refused") return decided(told.row, 0n);
    if (told.kind === "moved") {
      const { row, event } = told;
      if (isDecided(row)) return decided(row, event.position);
      waits = isWaiting(row) ? { position: event.position, state: row.state, failure: undefined } : undefined;
    } else caughtUp = true;
    // What it waited for in its past may have come long ago.
    if (caughtUp && waits !== undefined) return waits;
  }
  return undefined;
}

const decided = (row: OperationRow, position: bigint): Decision => ({
  position,
  state: row.state,
  failure: failureOf(row),
});

const isWaiting = ({ state }: OperationRow): boolean => state === "awaiting_approval" || state === "waiting";

/** Also before it has ended: the caller need not wait for the cleaning. */
const isDecided = (row: OperationRow): boolean => isOver(row) || (row.error !== null && !isWaiting(row));

function failureOf({ error }: OperationRow): PrismError | undefined {
  return error === null ? undefined : new PrismError(error.code, error.message, { details: error.details });
}
