import type { FieldDrift } from "../namespace/drift-events.ts";
import type { BackendKind } from "../plan.ts";

/**
 * `missing`, `drifted`: planned, and not there or not so. `orphaned`: ours by its tag or its recorded
 * identity, and in no plan. `foreign`: not ours. `stuck`: an operation that no workflow works on. `leaked`:
 * quota held for what is over.
 */
export const findingClasses = ["missing", "drifted", "orphaned", "foreign", "stuck", "leaked"] as const;
export type FindingClass = (typeof findingClasses)[number];

/**
 * What reconcile does about it. `repair`: the namespace's resources are ensured anew. `cleanup`: what an undo
 * gave up on is removed. `remove`: a login of a life that is over goes, if its password is ours. `resume`: the
 * operation gets a workflow again. `return`: the quota is given back. `quarantine`: it is left alone, and that
 * is recorded. `none`: it is left alone.
 */
export type Remedy = "repair" | "cleanup" | "remove" | "resume" | "return" | "quarantine" | "none";

/** One thing that a sweep found not to be as it should be. */
export type FleetFinding = {
  readonly class: FindingClass;
  /** Of which resource; all three null where it is about none. */
  readonly backend: BackendKind | null;
  readonly kind: string | null;
  readonly name: string | null;
  /** Whose it is, as far as that is known. */
  readonly namespace: string | null;
  /** The operation that is stuck, or that the quota is held for. */
  readonly operation: string | null;
  readonly fields: readonly FieldDrift[];
  readonly because: string;
  readonly remedy: Remedy;
};

/** Who asked for a sweep, and as which operation. */
export type Asked = { readonly operation: string; readonly by: string };

export const about = (
  finding: Pick<FleetFinding, "class" | "because" | "remedy"> & Partial<FleetFinding>,
): FleetFinding => ({
  backend: null,
  kind: null,
  name: null,
  namespace: null,
  operation: null,
  fields: [],
  ...finding,
});
