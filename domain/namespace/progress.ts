import type { Failure } from "./event-data.ts";
import type { NamespaceEvent } from "./events.ts";

export type OperationKind = "create" | "update" | "delete" | "migrate" | "reconcile" | "rewind" | "move";

export type OperationState =
  | "pending"
  | "running"
  | "awaiting_approval"
  | "waiting"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "rejected";

/** How an operation that is being undone will end. */
export type Undoing = "failed" | "cancelled" | "rejected";

/** How far an operation is: what the aggregate decides on, and what both projections show. */
export type Progress = {
  readonly kind: OperationKind;
  readonly state: OperationState;
  /** Decided though not ended: it is being undone, and will end so. */
  readonly undoing: Undoing | null;
  /** Why it is not going well, or did not. */
  readonly error: Failure | null;
};

/** The operation an event begins; `undefined`: none. */
export function begunBy(
  event: NamespaceEvent,
): { readonly operation: string; readonly kind: OperationKind } | undefined {
  switch (event.type) {
    case "NamespaceRequested":
      return { operation: event.data.operation, kind: "create" };
    case "UpdateRequested":
      return { operation: event.data.operation, kind: "update" };
    case "DeletionRequested":
      return { operation: event.data.operation, kind: "delete" };
    case "RewindRequested":
      return { operation: event.data.operation, kind: "rewind" };
    case "MoveRequested":
      return { operation: event.data.operation, kind: "move" };
    case "DriftDetected":
      return event.data.repair === null
        ? undefined
        : { operation: event.data.repair.operation, kind: "reconcile" };
    default:
      return undefined;
  }
}

export const beginning = (kind: OperationKind): Progress => ({
  kind,
  state: "running",
  undoing: null,
  error: null,
});

export const isOver = ({ state }: Pick<Progress, "state">): boolean =>
  state === "succeeded" || state === "failed" || state === "cancelled" || state === "rejected";

/** The operation after one of its own events. */
export function proceed(progress: Progress, event: NamespaceEvent): Progress {
  if (isOver(progress)) return progress;
  const undone = undoingBy(event);
  if (undone !== undefined) return { ...progress, ...undone, state: "running" };
  if (endsWell(progress.kind, event)) return { ...progress, state: "succeeded", error: null };
  switch (event.type) {
    case "ApprovalRequested":
      return { ...progress, state: "awaiting_approval" };
    case "PlanSelected":
    case "ApprovalGranted":
      return { ...progress, state: "running" };
    case "OperationParked":
      return { ...progress, state: "waiting", error: event.data.error };
    case "OperationRetried":
      return { ...progress, state: "running", error: null };
    case "StepFailed":
      // Decided, though not yet undone: the caller need not wait for the cleaning.
      return event.data.will_retry || progress.undoing !== null
        ? progress
        : { ...progress, error: event.data.error };
    case "NamespaceFailed":
    case "NamespaceRejected":
    case "UpdateFailed":
    case "DeletionFailed":
    case "RepairFailed":
    case "RewindFailed":
    case "MoveFailed":
      return { ...progress, state: progress.undoing ?? "failed", error: event.data.error };
    default:
      return progress;
  }
}

/** Only what the kind says: a create's proxies are registered long before it ends. */
function endsWell(kind: OperationKind, { type }: NamespaceEvent): boolean {
  return (
    type === "NamespaceActivated" ||
    type === "NamespaceDeleted" ||
    type === "DriftRepaired" ||
    type === "RelayRewound" ||
    type === "MoveCompleted" ||
    (type === "ProxiesRegistered" && kind === "update")
  );
}

function undoingBy(event: NamespaceEvent): { undoing: Undoing; error: Failure } | undefined {
  switch (event.type) {
    case "ApprovalRejected":
      return { undoing: "rejected", error: rejected(event.data) };
    case "ApprovalExpired":
      return { undoing: "rejected", error: expired(event.data) };
    case "OperationAbandoned":
      return { undoing: "failed", error: event.data.error };
    case "OperationCancelled":
      return { undoing: "cancelled", error: cancelled(event.data) };
    default:
      return undefined;
  }
}

const rejected = (data: { plan_hash: string; by: string; reason: string }): Failure => ({
  code: "FORBIDDEN",
  message: `The plan was rejected: ${data.reason}`,
  details: { ...data, recommendation: "Ask for what needs no approval, or talk to the platform team" },
});

const expired = (data: { plan_hash: string; expires_at: string }): Failure => ({
  code: "APPROVAL_REQUIRED",
  message: `Nobody decided on the plan until ${data.expires_at}`,
  details: { ...data, recommendation: "Ask again, and have a platform member approve the operation" },
});

const cancelled = (data: { by: string }): Failure => ({
  code: "NAMESPACE_NOT_READY",
  message: "The operation was cancelled",
  details: { ...data },
});
