import type { Sweeps } from "../control/sweeps.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import type { StartedOperation } from "./executions.ts";
import type { OperationStarter } from "./operation-starter.ts";
import { operationNotFound } from "./rights.ts";
import { sweepRow } from "./sweep-operation.ts";

export type FindDependencies = {
  readonly operations: ProjectionReader<OperationRow>;
  readonly starter: Pick<OperationStarter, "notBegun">;
  readonly sweeps: Pick<Sweeps, "get">;
};

/** An operation by its id, also before a worker has begun it; `NOT_FOUND` too where the caller may not see it. */
export async function findOperation(
  { operations, starter, sweeps }: FindDependencies,
  caller: Caller,
  id: string,
): Promise<OperationRow> {
  const swept = async () => {
    const sweep = await sweeps.get(id);
    return sweep === undefined ? undefined : sweepRow(sweep);
  };
  const row =
    (await operations.get(id)) ?? (await swept()) ?? pendingRow(await starter.notBegun({ operation: id }));
  if (row === undefined || !maySee(caller, row)) throw operationNotFound(id);
  return row;
}

/** Operations are for those who see all of the namespace, and for who asked. */
export const maySee = (caller: Caller, row: OperationRow): boolean =>
  mayIntervene(caller, row) || caller.audit || caller.subject === row.requested_by;

/** Who may tell it what to do: the owners of the namespace, and the platform. */
export const mayIntervene = (caller: Caller, { teams }: OperationRow): boolean =>
  caller.platform || teams.some((team) => caller.teams.includes(team));

/** Started, but no worker has begun it: all that is known comes from Temporal. */
function pendingRow(started: StartedOperation | undefined): OperationRow | undefined {
  if (started === undefined) return undefined;
  return {
    id: started.operation,
    kind: started.kind,
    namespace: started.namespace,
    teams: [started.team],
    state: "pending",
    undoing: null,
    steps: [],
    plan_hash: null,
    approval: null,
    error: null,
    requested_by: started.actor,
    started_at: started.started_at,
    ended_at: null,
    workflow: started.workflow,
  };
}
