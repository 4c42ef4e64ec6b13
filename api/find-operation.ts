import type { Sweeps } from "../control/sweeps.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import { operationNotFound } from "./rights.ts";
import { sweepRow } from "./sweep-operation.ts";
import { type UnbegunDependencies, unbegun } from "./unbegun.ts";

export type FindDependencies = UnbegunDependencies & {
  readonly operations: ProjectionReader<OperationRow>;
  readonly sweeps: Pick<Sweeps, "get">;
};

/** An operation by its id, also where no event tells of it; `NOT_FOUND` too where the caller may not see it. */
export async function findOperation(
  { operations, sweeps, ...deps }: FindDependencies,
  caller: Caller,
  id: string,
): Promise<OperationRow> {
  const swept = async () => {
    const sweep = await sweeps.get(id);
    return sweep === undefined ? undefined : sweepRow(sweep);
  };
  const row = (await operations.get(id)) ?? (await swept()) ?? (await unbegun(deps, id));
  if (row === undefined || !maySee(caller, row)) throw operationNotFound(id);
  return row;
}

/** Operations are for those who see all of the namespace, and for who asked. */
export const maySee = (caller: Caller, row: OperationRow): boolean =>
  mayIntervene(caller, row) || caller.audit || caller.subject === row.requested_by;

/** Who may tell it what to do: the owners of the namespace, and the platform. */
export const mayIntervene = (caller: Caller, { teams }: OperationRow): boolean =>
  caller.platform || teams.some((team) => caller.teams.includes(team));
