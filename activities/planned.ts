import { PrismError } from "../domain/errors.ts";
import type { Namespace } from "../domain/namespace/namespace.ts";
import { lacksApproval } from "../domain/namespace/operation.ts";
import type { Resource, Selection } from "../domain/plan.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import type { Inventory } from "../domain/selection/inventory.ts";
import { select } from "../domain/selection/select.ts";
import type { Occasion } from "./occasion.ts";

/** As much of a plan as a workflow has to know. `resources`: in the order they were planned. */
export type Planned = {
  readonly hash: string;
  readonly backend: string;
  readonly resources: readonly Resource[];
  readonly needsApproval: boolean;
};

/** What would be chosen for the operation today. */
export function choose(namespace: Namespace, { asker = "team" }: Occasion, inventory: Inventory): Selection {
  return select(askedFor(namespace), inventory, { asker });
}

/** What the namespace is to be when the operation is done. */
export function askedFor({ request, operation }: Namespace): NamespaceRequest {
  const asked = operation?.request ?? request;
  if (asked === undefined) throw new PrismError("INTERNAL", "nothing was asked for");
  return asked;
}

/** What was chosen for the operation, as it is stored. */
export function plannedIn({ operation }: Namespace): Planned {
  if (operation?.selected === undefined) throw new PrismError("INTERNAL", "no plan stored");
  const { plan, hash } = operation.selected;
  const { backend, resources } = plan;
  return { hash, backend: backend.type, resources, needsApproval: lacksApproval(operation) };
}
