import type { Plan } from "../plan.ts";
import type { Approval } from "../request/boundary.ts";
import type { NamespaceRequest } from "../request/request.ts";
import type { NamespaceEvent } from "./events.ts";
import { beginning, isOver, type OperationKind, type Progress, proceed } from "./progress.ts";
import type { NamespaceStatus } from "./status.ts";
import { stepsIn } from "./step-events.ts";

/** The last operation on a namespace, ended or not. */
export type Operation = Progress & {
  readonly id: string;
  readonly ended: boolean;
  /** From here it only goes forward: it can be neither cancelled nor abandoned, nor fail. */
  readonly pivoted: boolean;
  /** The steps that are done, by their names in `steps.ts`. */
  readonly done: ReadonlySet<string>;
  /** What an update asks for: the whole request as it is to be. */
  readonly request: NamespaceRequest | undefined;
  /** What a create or an update is to build. */
  readonly selected: { readonly plan: Plan; readonly hash: string } | undefined;
  readonly approval: ApprovalState;
  /** The step it waits at for `retry` or `abandon`. */
  readonly parkedAt: string | undefined;
  /** A move that is undone has told the new shard to forget the namespace. */
  readonly targetClosed: boolean;
  /** What the namespace was before, and is again where the operation fails. */
  readonly statusBefore: NamespaceStatus;
};

export type ApprovalState = {
  /** What of the selected plan needs a word; empty: nothing does. */
  readonly fields: readonly Approval[];
  readonly waiting: PendingApproval | undefined;
  /** The hash that was approved. */
  readonly granted: string | undefined;
};

export type PendingApproval = {
  readonly planHash: string;
  readonly requestedBy: string;
  readonly expiresAt: string;
};

const unasked: ApprovalState = { fields: [], waiting: undefined, granted: undefined };

export const newOperation = (
  id: string,
  kind: OperationKind,
  statusBefore: NamespaceStatus,
  request?: NamespaceRequest,
): Operation => ({
  ...beginning(kind),
  id,
  ended: false,
  pivoted: false,
  done: new Set(),
  request,
  selected: undefined,
  approval: unasked,
  parkedAt: undefined,
  targetClosed: false,
  statusBefore,
});

/** What was selected may not be built before somebody has approved it. */
export const lacksApproval = ({ approval, selected }: Operation): boolean =>
  approval.fields.length > 0 && approval.granted !== selected?.hash;

/** What it waits for somebody to decide; one that has ended or is being undone waits for nothing. */
export const pendingApproval = ({ ended, undoing, approval }: Operation): PendingApproval | undefined =>
  ended || undoing !== null ? undefined : approval.waiting;

/** The operation after one more event of its namespace. */
export function advance(operation: Operation, event: NamespaceEvent): Operation {
  if (operation.ended) return operation;
  const progress = proceed(operation, event);
  const said = stepsIn(event, operation.kind);
  return {
    ...operation,
    ...progress,
    ended: isOver(progress),
    pivoted: operation.pivoted || isPivot(event),
    targetClosed: operation.targetClosed || event.type === "TargetClosed",
    done: said?.state === "done" ? new Set([...operation.done, ...said.steps]) : operation.done,
    ...waiting(operation, event),
  };
}

const isPivot = ({ type }: NamespaceEvent): boolean =>
  type === "NamespaceActivated" ||
  type === "UpdateApplied" ||
  type === "DrainCompleted" ||
  type === "DriftRepaired" ||
  type === "RelayRewound" ||
  type === "NamespaceMoved";

/** What it was told about plans, approvals and parking. */
function waiting(operation: Operation, event: NamespaceEvent): Partial<Operation> {
  const { approval } = operation;
  switch (event.type) {
    case "PlanSelected": {
      const { plan, hash, approval: fields = [] } = event.data;
      return { selected: { plan, hash }, approval: { ...unasked, fields } };
    }
    case "ApprovalRequested": {
      const { plan_hash: planHash, requested_by: requestedBy, expires_at: expiresAt } = event.data;
      return { approval: { ...approval, waiting: { planHash, requestedBy, expiresAt } } };
    }
    case "ApprovalGranted":
      return { approval: { ...approval, waiting: undefined, granted: event.data.plan_hash } };
    case "ApprovalRejected":
    case "ApprovalExpired":
      return { approval: { ...approval, waiting: undefined } };
    case "OperationParked":
      return { parkedAt: event.data.step };
    case "OperationRetried":
    case "OperationAbandoned":
    case "OperationCancelled":
      return { parkedAt: undefined };
    default:
      return {};
  }
}
