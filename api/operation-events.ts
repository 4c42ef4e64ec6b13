import type { OperationRow } from "../domain/projections/operations.ts";
import type { ServerSentEvent } from "./event-stream.ts";
import type { CheckAfter } from "./expected-duration.ts";
import { progressOf } from "./operation-progress.ts";
import type { UnbegunDependencies } from "./unbegun.ts";

/**
 * What happens to an operation, one message for each of its events: `step` with the steps that changed,
 * `state` where only the operation did, `end` with the last one. `id` is the event's position, where there is one; what is not
 * above `after` is left out.
 */
export async function* operationEvents(
  { checkAfter, ...deps }: UnbegunDependencies & { readonly checkAfter: CheckAfter },
  { id, namespace }: OperationRow,
  after: bigint,
  signal: AbortSignal,
): AsyncIterable<ServerSentEvent> {
  const messageOf = async (row: OperationRow, steps: OperationRow["steps"], at: string) => {
    const { kind, state, undoing, plan_hash, error } = row;
    const check_after_ms = await checkAfter(row);
    const data = {
      operation: id,
      namespace,
      kind,
      state,
      undoing,
      steps,
      plan_hash,
      error,
      at,
      check_after_ms,
    };
    return { event: nameOf(row, steps), data };
  };
  for await (const told of progressOf(deps, { namespace, operation: id }, signal)) {
    if (told.kind === "refused") yield await messageOf(told.row, [], told.row.ended_at ?? "");
    if (told.kind !== "moved" || told.event.position <= after) continue;
    const { before, row, event } = told;
    const message = await messageOf(row, changedSteps(before, row), event.recordedAt.toISOString());
    yield { id: String(event.position), ...message };
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
