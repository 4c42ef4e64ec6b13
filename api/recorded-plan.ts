import { PrismError } from "../domain/errors.ts";
import type { RecordedEvent } from "../domain/event.ts";
import type { PlanSelected } from "../domain/namespace/create-events.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";
import { notEnforced } from "../domain/selection/enforced.ts";
import type { EventStore } from "../eventstore/event-store.ts";

/**
 * The plan that was in force when `row` was so, whole and with its reasons: the row says which event tells of it.
 * Errors: `NAMESPACE_NOT_READY` before one was selected.
 */
export async function recordedPlan(store: EventStore, row: NamespaceRow) {
  if (row.plan === null) {
    throw new PrismError("NAMESPACE_NOT_READY", `Namespace '${row.namespace}' has no plan yet`);
  }
  const { plan, trace, hash, warnings } = (await selected(store, row.namespace, row.plan.revision)).data;
  const patterns = notEnforced(plan.patterns.map(({ type }) => type));
  const policies = plan.policies.filter(({ enforced }) => !enforced).map(({ policy }) => policy);
  return {
    plan: { ...plan, shard: row.shard },
    trace,
    hash,
    warnings,
    not_enforced_yet: [...patterns, ...policies],
  };
}

async function selected(
  store: EventStore,
  namespace: string,
  revision: string,
): Promise<RecordedEvent<PlanSelected>> {
  for await (const event of store.readStream(streamOf(namespace), { from: BigInt(revision), limit: 1 })) {
    if (event.type === "PlanSelected") return event as RecordedEvent<PlanSelected>;
  }
  throw new PrismError("INTERNAL", `revision ${revision} of '${namespace}' is no plan`);
}
