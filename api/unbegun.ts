import type { OperationRow } from "../domain/projections/operations.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Closed, StartedOperation } from "./executions.ts";
import type { OperationStarter } from "./operation-starter.ts";
import { readNamespace } from "./read-namespace.ts";

export type UnbegunDependencies = {
  readonly store: EventStore;
  readonly starter: Pick<OperationStarter, "notBegun">;
};

/**
 * An operation as Temporal alone knows it: no worker has begun it, or it was refused where it was to begin, as
 * another one was quicker. Then it has ended, though no event says so: it was decided on what was there already.
 */
export async function unbegun(
  { store, starter }: UnbegunDependencies,
  id: string,
): Promise<OperationRow | undefined> {
  const started = await starter.notBegun({ operation: id });
  if (started?.closed === undefined) return started && rowOf(started);
  // One that has begun ends as its events say, which whoever asked here has not seen yet.
  return rowOf(started, (await hasBegun(store, started.namespace, id)) ? undefined : started.closed);
}

/** Whether its namespace's stream tells of it. */
export const hasBegun = async (store: EventStore, namespace: string, operation: string): Promise<boolean> =>
  (await readNamespace(store, namespace)).state.begun.has(operation);

const rowOf = (started: StartedOperation, closed?: Closed): OperationRow => ({
  id: started.operation,
  kind: started.kind,
  namespace: started.namespace,
  teams: [started.team],
  state: closed === undefined ? "pending" : closed.failure === null ? "succeeded" : "failed",
  undoing: null,
  steps: [],
  plan_hash: null,
  approval: null,
  error: closed?.failure ?? null,
  requested_by: started.actor,
  started_at: started.started_at,
  ended_at: closed?.at ?? null,
  workflow: started.workflow,
});
