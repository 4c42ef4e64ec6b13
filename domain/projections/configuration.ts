import type { PlanSelected } from "../namespace/create-events.ts";
import type { Plan, Trace, Warning } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";

/** What is asked for, and how it is built: in force, or of an update under way. */
export type Configuration = {
  readonly request: NamespaceRequest;
  readonly plan: Plan | null;
  readonly trace: Trace | null;
  readonly plan_hash: string | null;
  readonly warnings: readonly Warning[];
};

export const unplanned = (request: NamespaceRequest): Configuration => ({
  request,
  plan: null,
  trace: null,
  plan_hash: null,
  warnings: [],
});

export const planned = <Known extends object>(known: Known, { data }: PlanSelected) => ({
  ...known,
  plan: data.plan,
  trace: data.trace,
  plan_hash: data.hash,
  warnings: data.warnings,
});

/** An update of access alone has selected no plan: the old one stands. */
export function inForce(
  row: Configuration & { readonly next: Configuration | null },
): Partial<Configuration> {
  const { next, plan, trace, plan_hash, warnings } = row;
  if (next === null) return {};
  return next.plan === null ? { ...next, plan, trace, plan_hash, warnings } : next;
}
