import { PrismError } from "../errors.ts";
import type { Resource } from "../plan.ts";
import type { Command } from "./commands.ts";
import type { NamespaceEvent } from "./events.ts";
import { isLive, type Namespace, nameOf, standsStill } from "./namespace.ts";
import type { Operation } from "./operation.ts";
import { assertMayGoOn, hasEnded, notReady, tooLate } from "./refusals.ts";
import { isPlanned, ownedOf, remaining, resourceKey, same, standsAs } from "./resources.ts";

/** Quiet where the intent stands, or what is there is as meant; what a repair saw to be gone is meant anew. */
export function intendResource(
  { resource, sawAbsent }: Command<"IntendResource">,
  namespace: Namespace,
  operation: Operation,
): readonly NamespaceEvent[] {
  const owned = ownedOf(namespace.resources, resource);
  if (owned?.state === "removing") throw tooLate(`${resourceKey(resource)} is being removed`);
  const isLost = sawAbsent && owned?.identity !== undefined && operation.kind === "reconcile";
  if (owned !== undefined && !isLost && same(owned.changing ?? owned.resource, resource)) return [];
  if (operation.kind === "delete") throw misuse(`a delete makes no ${resourceKey(resource)}`);
  if (!restores(resource, namespace, operation)) assertMayGoOn(operation);
  return [{ type: "ResourceIntended", data: { resource, saw_absent: sawAbsent } }];
}

/** An update that is undone may bring back what is in force. */
const restores = (resource: Resource, { plan }: Namespace, { kind, ended, pivoted }: Operation): boolean =>
  kind === "update" && !ended && !pivoted && (plan?.resources.some((one) => same(one, resource)) ?? false);

/** Also while it is being undone: what was made is ours, and the undo has to know it. */
export function confirmResource(
  { resource, identity }: Command<"ConfirmResource">,
  namespace: Namespace,
  { id, ended }: Operation,
): readonly NamespaceEvent[] {
  const owned = ownedOf(namespace.resources, resource);
  if (owned === undefined) throw misuse(`${resourceKey(resource)} was provisioned without an intent`);
  if (standsAs(owned, resource) && owned.identity === identity) return [];
  if (ended) throw hasEnded(id);
  return [{ type: "ResourceProvisioned", data: { resource, identity } }];
}

export function intendRemoval(
  { resource }: Command<"IntendRemoval">,
  namespace: Namespace,
  operation: Operation,
): readonly NamespaceEvent[] {
  const owned = ownedOf(namespace.resources, resource);
  if (owned === undefined || owned.state === "removing") return [];
  assertMayRemove(resource, namespace, operation);
  return [{ type: "ResourceRemovalIntended", data: { resource } }];
}

export function confirmRemoval(
  { resource, removed }: Command<"ConfirmRemoval">,
  namespace: Namespace,
  operation: Operation,
): readonly NamespaceEvent[] {
  if (ownedOf(namespace.resources, resource) === undefined) return [];
  assertMayRemove(resource, namespace, operation);
  return [{ type: "ResourceRemoved", data: { resource, removed } }];
}

/** What serves is never removed; data only after the drain, and with the evidence kept. */
function assertMayRemove(resource: Resource, namespace: Namespace, operation: Operation): void {
  const key = resourceKey(resource);
  if (isLive(namespace) && isPlanned(namespace.plan, resource)) throw misuse(`${key} is in use`);
  if (isCleaning(namespace, operation)) return;
  const { id, kind, ended, pivoted, done } = operation;
  if (ended) throw hasEnded(id);
  switch (kind) {
    case "create":
    case "update":
      if (pivoted) throw tooLate(`Operation ${id} only goes forward from here`);
      return;
    case "delete":
      if (!pivoted) throw notReady(`cannot remove ${key}: it is not drained`);
      if (!done.has("archive")) throw notReady(`cannot remove ${key}: its history is not archived`);
      return;
    default:
      throw misuse(`a ${kind} removes no ${key}`);
  }
}

/** The last operation has ended, and what it or one before it left behind is being removed in its name. */
const isCleaning = ({ blocked }: Namespace, { ended }: Operation): boolean => ended && blocked.length > 0;

/** An undo gave up on them; the other undos go on. */
export function reportBlocked(
  { resources }: Command<"ReportBlockedCleanup">,
  { blocked }: Namespace,
  { id, ended, pivoted }: Operation,
): readonly NamespaceEvent[] {
  const fresh = resources.filter((name) => !blocked.includes(name));
  if (fresh.length === 0) return [];
  if (ended) throw hasEnded(id);
  if (pivoted) throw tooLate(`Operation ${id} only goes forward from here: it undoes nothing`);
  return [{ type: "CleanupBlocked", data: { resources: fresh } }];
}

/** Frees the name of a create that failed, and ends what a failed delete left of its fence, or a failed update of its barrier. */
export function completeCleanup(namespace: Namespace, operation: Operation): readonly NamespaceEvent[] {
  if (namespace.blocked.length === 0) return [];
  if (!isCleaning(namespace, operation)) throw notReady("cannot complete the cleanup: it goes on");
  const [left] = leftBehind(namespace);
  if (left !== undefined) throw notReady(`cannot complete the cleanup: ${left} is still there`);
  const completed: NamespaceEvent = { type: "CleanupCompleted", data: { resources: namespace.blocked } };
  const recovers = standsStill(namespace) && namespace.status === "degraded" && namespace.drift.length === 0;
  if (!recovers) return [completed];
  return [completed, { type: "NamespaceRecovered", data: { namespace: nameOf(namespace) } }];
}

/** What there is and should not be: all of it, unless a plan is in force. */
export function leftBehind({ served, plan, resources }: Namespace): readonly string[] {
  const inForce = new Set(served ? plan?.resources.map(resourceKey) : []);
  return remaining(resources).filter((key) => !inForce.has(key));
}

const misuse = (why: string): PrismError => new PrismError("INTERNAL", why);
