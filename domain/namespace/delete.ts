import { PrismError } from "../errors.ts";
import type { Command } from "./commands.ts";
import type { NamespaceEvent } from "./events.ts";
import { type Namespace, nameOf, openOperation, teamsOf } from "./namespace.ts";
import type { Operation } from "./operation.ts";
import { assertVersion, inProgress, notReady, notThere } from "./refusals.ts";
import { remaining } from "./resources.ts";

/**
 * Begins a delete: of an active namespace, and of what a create left behind.
 *
 * Errors: `NOT_FOUND`, `OPERATION_IN_PROGRESS` with the operation (also during the create:
 * cancel that first), `VERSION_CONFLICT`, `CONFIRMATION_REQUIRED`, `DELETION_PROTECTED`.
 */
export function requestDeletion(
  { operation, workflow, confirm, ifVersion }: Command<"RequestDeletion">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  if (namespace.begun.has(operation)) return [];
  const open = openOperation(namespace);
  if (open !== undefined) throw inProgress(open);
  const { request, status, served, resources, version } = namespace;
  if (request === undefined || status === "deleted") {
    const name = request?.namespace ?? confirm;
    throw notThere(`There is no namespace ${name === undefined ? "" : `'${name}' `}to delete`);
  }
  assertVersion(ifVersion, version);
  if (confirm !== request.namespace) throw unconfirmed(request.namespace);
  // What never served has nothing to protect.
  if (served && request.policies.deletion_protection) throw isProtected(request.namespace);
  const { namespace: name } = request;
  return [
    {
      type: "DeletionRequested",
      data: {
        namespace: name,
        operation,
        workflow,
        teams: teamsOf(request),
        resources: remaining(resources),
      },
    },
  ];
}

const unconfirmed = (name: string): PrismError =>
  new PrismError("CONFIRMATION_REQUIRED", `Deleting '${name}' destroys what it holds`, {
    details: { field: "confirm", recommendation: `Repeat it with confirm=${name}` },
  });

const isProtected = (name: string): PrismError =>
  new PrismError("DELETION_PROTECTED", `Namespace '${name}' is protected from deletion`, {
    details: {
      field: "policies.deletion_protection",
      recommendation: "Set policies.deletion_protection to false first",
    },
  });

type Acknowledged = { readonly directoryVersion: string; readonly proxies: readonly string[] };

const acknowledged = ({ directoryVersion, proxies }: Acknowledged) => ({
  directory_version: directoryVersion,
  proxies,
});

export const stopTraffic = (command: Command<"StopTraffic">): NamespaceEvent => ({
  type: "TrafficStopped",
  data: acknowledged(command),
});

/** The pivot. What never served has no traffic that would have to be stopped before. */
export function drain(
  { drained, aborted }: Command<"CompleteDrain">,
  { served }: Namespace,
  { done }: Operation,
): NamespaceEvent {
  if (served && !done.has("stop-traffic")) throw notReady("cannot drain: traffic is not stopped");
  return { type: "DrainCompleted", data: { drained, aborted } };
}

export function whenDrained(command: Command<"StopProviders">, { done }: Operation): NamespaceEvent {
  if (!done.has("drain")) throw notReady("cannot stop the providers: it is not drained");
  return { type: "ProvidersStopped", data: acknowledged(command) };
}

export function whenStopped(
  { bucket, key, digest, revision }: Command<"ArchiveAudit">,
  { done }: Operation,
): NamespaceEvent {
  if (!done.has("stop-providers")) throw notReady("cannot archive: its providers are not stopped");
  return { type: "AuditArchived", data: { bucket, key, digest, revision } };
}

export function unregister({ resources, shard }: Namespace, { done }: Operation): NamespaceEvent {
  if (!done.has("archive")) throw notReady("cannot unregister: its history is not archived");
  const [left] = remaining(resources);
  if (left !== undefined) throw notReady(`cannot unregister: ${left} is still there`);
  return { type: "ProxiesUnregistered", data: { shard: shard ?? null } };
}

/** The name is free from here on. */
export function completeDeletion(
  command: Command<"CompleteDeletion">,
  namespace: Namespace,
  { done }: Operation,
): NamespaceEvent {
  if (!done.has("unregister")) throw notReady("cannot complete the deletion: proxies still know it");
  return { type: "NamespaceDeleted", data: { namespace: nameOf(namespace), ...acknowledged(command) } };
}
