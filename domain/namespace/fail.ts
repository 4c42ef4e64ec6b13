import { PrismError, unreachable } from "../errors.ts";
import type { FailCommand } from "./commands.ts";
import type { Failure } from "./event-data.ts";
import type { NamespaceEvent } from "./events.ts";
import { barrier, closedLog, type Namespace, nameOf } from "./namespace.ts";
import type { Operation } from "./operation.ts";
import type { OperationKind } from "./progress.ts";
import { leftBehind } from "./provision.ts";
import { tooLate } from "./refusals.ts";
import { notAsPlanned } from "./resources.ts";

const ends: Readonly<Record<FailCommand["type"], OperationKind>> = {
  FailNamespace: "create",
  FailUpdate: "update",
  FailDeletion: "delete",
  FailRepair: "reconcile",
  FailRewind: "rewind",
  FailMove: "move",
};

/**
 * Ends an operation that was undone. Why is what was decided about it where somebody did,
 * else what it failed for. What may still be there is blocked, whether an undo said so or not.
 */
export function fail(
  command: FailCommand,
  namespace: Namespace,
  operation: Operation,
): readonly NamespaceEvent[] {
  const { id, kind, pivoted, ended, undoing } = operation;
  if (pivoted) throw tooLate(`cannot fail the ${kind}: operation ${id} only goes forward from here`);
  if (ended) return [];
  if (ends[command.type] !== kind) {
    throw new PrismError("INTERNAL", `${command.type} is no end of a ${kind}`);
  }
  const error = (undoing === null ? null : operation.error) ?? command.error;
  switch (command.type) {
    case "FailNamespace":
      return failCreate(command.blocked, error, namespace, undoing);
    case "FailUpdate":
      return failUpdate(command.blocked, error, namespace);
    case "FailDeletion":
      return failDeletion(command.blocked, error, namespace, operation);
    case "FailRepair":
      return [{ type: "RepairFailed", data: { error } }];
    case "FailRewind":
      return [{ type: "RewindFailed", data: { error } }];
    case "FailMove": {
      const isOpen = operation.done.has("open-target") && !operation.targetClosed;
      const cleanup_blocked = isOpen || command.blocked.length > 0;
      return [{ type: "MoveFailed", data: { namespace: nameOf(namespace), error, cleanup_blocked } }];
    }
    default:
      return unreachable(command);
  }
}

function failCreate(
  blocked: readonly string[],
  error: Failure,
  namespace: Namespace,
  undoing: Operation["undoing"],
): readonly NamespaceEvent[] {
  const { said, cleanup_blocked } = blockedBy(blocked, namespace);
  const type = undoing === "rejected" ? "NamespaceRejected" : "NamespaceFailed";
  return [...said, { type, data: { namespace: nameOf(namespace), error, cleanup_blocked } }];
}

function failUpdate(
  blocked: readonly string[],
  error: Failure,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  const { plan, resources } = namespace;
  const { said, cleanup_blocked } = blockedBy(blocked, namespace);
  const not_restored = plan === undefined ? [] : notAsPlanned(resources, plan);
  const failed: NamespaceEvent = {
    type: "UpdateFailed",
    data: { error, cleanup_blocked, not_restored },
  };
  return [...said, failed, ...(blocked.includes(barrier) ? [degraded(namespace, barrierStands)] : [])];
}

/** It is served again, where its log could be opened again. */
function failDeletion(
  blocked: readonly string[],
  error: Failure,
  namespace: Namespace,
  { statusBefore }: Operation,
): readonly NamespaceEvent[] {
  const name = nameOf(namespace);
  const { said } = blockedBy(blocked, namespace);
  const failed: NamespaceEvent = { type: "DeletionFailed", data: { namespace: name, error } };
  const isServed = statusBefore === "active" || statusBefore === "degraded";
  if (!isServed || !blocked.includes(closedLog)) return [...said, failed];
  return [...said, failed, degraded(namespace, logIsClosed)];
}

const degraded = (namespace: Namespace, because: string): NamespaceEvent => ({
  type: "NamespaceDegraded",
  data: { namespace: nameOf(namespace), because },
});

const barrierStands =
  "nothing of it is delivered: an update that failed could not take its barrier down again; reconcile does";

const logIsClosed =
  "its log takes nothing: the delete that closed it failed, and could not open it again; reconcile does";

function blockedBy(
  reported: readonly string[],
  namespace: Namespace,
): { readonly said: readonly NamespaceEvent[]; readonly cleanup_blocked: boolean } {
  const left = new Set([...reported, ...leftBehind(namespace)]);
  const fresh = [...left].filter((name) => !namespace.blocked.includes(name));
  return {
    said: fresh.length === 0 ? [] : [{ type: "CleanupBlocked", data: { resources: fresh } }],
    cleanup_blocked: fresh.length + namespace.blocked.length > 0,
  };
}
