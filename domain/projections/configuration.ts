import type { RecordedEvent } from "../event.ts";
import type { PlanSelected } from "../namespace/create-events.ts";
import type { Plan, Warning } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";

/**
 * What proxies must know of a plan, and the revision of the event that holds the whole of it. Resources and
 * reasons are read there: kept in a row, they would be kept again with every later state of it.
 */
export type ServedPlan = Pick<Plan, "patterns" | "backend"> & { readonly revision: string };

/** What is asked for, and how it is built: in force, or of an update under way. */
export type Configuration = {
  readonly request: NamespaceRequest;
  readonly plan: ServedPlan | null;
  readonly plan_hash: string | null;
  readonly warnings: readonly Warning[];
};

export const unplanned = (request: NamespaceRequest): Configuration => ({
  request,
  plan: null,
  plan_hash: null,
  warnings: [],
});

export const planned = <Known extends object>(known: Known, event: RecordedEvent<PlanSelected>) => ({
  ...known,
  plan: servedPlan(event),
  plan_hash: event.data.hash,
  warnings: event.data.warnings,
});

const servedPlan = ({ data, revision }: RecordedEvent<PlanSelected>): ServedPlan => ({
  patterns: data.plan.patterns,
  backend: data.plan.backend,
  revision: String(revision),
});

/** An update of access alone has selected no plan: the old one stands. */
export function inForce(
  row: Configuration & { readonly next: Configuration | null },
): Partial<Configuration> {
  const { next, plan, plan_hash, warnings } = row;
  if (next === null) return {};
  return next.plan === null ? { ...next, plan, plan_hash, warnings } : next;
}
