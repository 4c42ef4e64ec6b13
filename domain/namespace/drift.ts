import { PrismError } from "../errors.ts";
import { canonicalJson } from "../json.ts";
import type { Command } from "./commands.ts";
import type { NamespaceEvent } from "./events.ts";
import { isLive, type Namespace, nameOf, openOperation, standsStill, teamsOf } from "./namespace.ts";
import { inProgress, notReady, notThere } from "./refusals.ts";
import { ownedOf, resourceKey } from "./resources.ts";

/**
 * What a sweep found. Without a repair it is recorded where it is news; with one it begins an
 * operation: only on a namespace in use, and only where no other is under way.
 */
export function detectDrift(
  { operation, findings, repair: workflow }: Command<"DetectDrift">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  const { request, drift, begun, status } = namespace;
  if (request === undefined) throw notThere("There is no namespace that could have drifted");
  const repair =
    workflow === null || findings.length === 0 ? null : { operation, workflow, teams: teamsOf(request) };
  const known = canonicalJson(findings) === canonicalJson(drift);
  if (repair === null ? known : begun.has(operation)) return [];
  if (repair !== null) {
    const open = openOperation(namespace);
    if (open !== undefined) throw inProgress(open);
    if (!isLive(namespace))
      throw notThere(`Namespace '${request.namespace}' is ${status}: nothing to repair`);
  }
  return [{ type: "DriftDetected", data: { namespace: request.namespace, findings, repair } }];
}

/** Only an active namespace can keep less than its promise. */
export function degrade(
  { because }: Command<"DegradeNamespace">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  const { status, trouble } = namespace;
  if (status === "degraded" && trouble === because) return [];
  if (!isLive(namespace)) throw notReady(`cannot be degraded: it is ${status}`);
  return [{ type: "NamespaceDegraded", data: { namespace: nameOf(namespace), because } }];
}

export function recover(namespace: Namespace): readonly NamespaceEvent[] {
  const { status } = namespace;
  // That all resources are as planned opens no log, and takes no barrier down.
  if (status === "active" || standsStill(namespace)) return [];
  if (status !== "degraded") throw notReady(`cannot recover: it is ${status}`);
  return [{ type: "NamespaceRecovered", data: { namespace: nameOf(namespace) } }];
}

/** What is the namespace's own is no orphan: setting it aside would take it out of use. */
export function quarantine(
  { resource, because }: Command<"QuarantineOrphan">,
  { quarantined, resources }: Namespace,
): readonly NamespaceEvent[] {
  const { backend, kind, name } = resource;
  const key = resourceKey(resource);
  if (quarantined.has(key)) return [];
  if (ownedOf(resources, { ...resource, config: {} }) !== undefined) {
    throw new PrismError("INTERNAL", `${key} is the namespace's own: it cannot be quarantined`);
  }
  return [{ type: "OrphanQuarantined", data: { resource: { backend, kind, name }, because } }];
}
