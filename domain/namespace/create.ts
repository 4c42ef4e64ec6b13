import type { Selection } from "../plan.ts";
import { crossed, refuseMigration } from "./change.ts";
import type { Command } from "./commands.ts";
import type { NamespaceEvent } from "./events.ts";
import { isFree, type Namespace, nameOf } from "./namespace.ts";
import type { Operation } from "./operation.ts";
import { nameTaken, notReady, tooLate } from "./refusals.ts";
import { notAsPlanned } from "./resources.ts";

export function requestNamespace(
  { request, operation, workflow, asker }: Command<"RequestNamespace">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  // The same operation asking twice is a retry whose first answer got lost.
  if (namespace.begun.has(operation)) return [];
  if (!isFree(namespace)) throw nameTaken(request.namespace);
  const asked = { namespace: request.namespace, request, operation, workflow };
  return [{ type: "NamespaceRequested", data: { ...asked, ...askedAs(asker) } }];
}

/** Kept with the request, so that whoever goes on with the operation judges it as whoever began. */
export const askedAs = (asker: "team" | "platform" = "team"): { readonly asked_as?: "platform" } =>
  asker === "platform" ? { asked_as: asker } : {};

/**
 * The plan of an operation is chosen once: a repeat answers the first choice, whatever today's
 * rules say. An update's plan must be one that can be reached in place, and asks for approval
 * only of what it changes.
 */
export function selectPlan(
  { plan, trace, hash, warnings, approval }: Selection,
  namespace: Namespace,
  operation: Operation,
): NamespaceEvent {
  if (operation.pivoted) throw tooLate("The update is in force already: no other plan can be selected");
  if (namespace.plan !== undefined && operation.kind === "update") refuseMigration(namespace.plan, plan);
  const fields = crossed(approval, namespace, operation);
  const needed = fields.length === 0 ? {} : { approval: fields };
  return { type: "PlanSelected", data: { plan, trace, hash, warnings, ...needed } };
}

export function activate(namespace: Namespace, operation: Operation): NamespaceEvent {
  const missing = whatIsMissing(namespace, operation);
  if (missing !== undefined) throw notReady(`cannot activate: ${missing}`);
  return { type: "NamespaceActivated", data: { namespace: nameOf(namespace) } };
}

/** `active` is a promise: nothing short of a served probe earns it. */
function whatIsMissing({ plan, resources }: Namespace, { done }: Operation): string | undefined {
  if (plan === undefined) return "no plan was selected";
  const [absent] = notAsPlanned(resources, plan);
  if (absent !== undefined) return `${absent} is not provisioned`;
  if (!done.has("configure-access")) return "access is not configured";
  if (!done.has("register")) return "no proxy serves it";
  if (!done.has("probe")) return "no probe came back";
  return undefined;
}
