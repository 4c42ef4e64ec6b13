import type { OperationRow } from "../domain/projections/operations.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { ServerSentEvent } from "./event-stream.ts";
import type { CheckAfter } from "./expected-duration.ts";
import { progressOf } from "./operation-progress.ts";

/**
 * What happens to an operation, one message for each of its events: `step` with the steps that changed,
 * `state` where only the operation did, `end` with the last one. `id` is the event's position; what is not
 * above `after` is left out.
 */
export async function* operationEvents(
  { store, checkAfter }: { readonly store: EventStore; readonly checkAfter: CheckAfter },
  { id, namespace }: OperationRow,
  after: bigint,
  signal: AbortSignal,
): AsyncIterable<ServerSentEvent> {
  for await (const told of progressOf(store, { namespace, operation: id }, signal)) {
    if (told.kind === "caughtUp" || told.event.position <= after) continue;
    const { before, row, event } = told;
    const steps = changedSteps(before, row);
    const { kind, state, undoing, plan_hash, error } = row;
    const data = {
      operation: id,
      namespace,
      kind,
      state,
      undoing,
      steps,
      plan_hash,
      error,
      at: event.recordedAt.toISOString(),
      check_after_ms: await checkAfter(row),
    };
    yield { id: String(event.position), event: nameOf(row, steps), data };
  }
}

const nameOf = ({ ended_at }: OperationRow, steps: readonly unknown[]): string =>
  ended_at !== null ? "end" : steps.length > 0 ? "step" : "state";

/** The steps whose row is another one; at first only those that have something to say. */
function changedSteps(before: OperationRow | undefined, row: OperationRow): OperationRow["steps"] {
  const known = new Map(before?.steps.map((step) => [step.name, JSON.stringify(step)]));
  return row.steps.filter((step) =>
    known.has(step.name) ? known.get(step.name) !== JSON.stringify(step) : step.state !== "pending",
  );
}
