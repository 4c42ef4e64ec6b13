import type { RecordedEvent } from "../event.ts";
import type { Failure, Workflow } from "../namespace/event-data.ts";
import type { NamespaceEvent } from "../namespace/events.ts";
import { teamsOf } from "../namespace/namespace.ts";
import {
  beginning,
  isOver,
  type OperationKind,
  type OperationState,
  proceed,
  type Undoing,
} from "../namespace/progress.ts";
import type { Approval } from "../request/boundary.ts";
import { type StepRow, stepsAfter } from "./operation-steps.ts";
import type { Projection } from "./projection.ts";

/** What an operation waits for a platform member to decide on. */
export type PendingApproval = {
  readonly plan_hash: string;
  readonly fields: readonly Approval[];
  readonly requested_by: string;
  readonly expires_at: string;
};

/** One operation on a namespace, readable long after Temporal has dropped its history. */
export type OperationRow = {
  readonly id: string;
  readonly kind: OperationKind;
  readonly namespace: string;
  /** Whose members may see it. */
  readonly teams: readonly string[];
  readonly state: OperationState;
  /** Decided though not ended: it is being undone, and will end so. */
  readonly undoing: Undoing | null;
  readonly steps: readonly StepRow[];
  readonly plan_hash: string | null;
  readonly approval: PendingApproval | null;
  readonly error: Failure | null;
  readonly requested_by: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly workflow: Workflow;
};

export const operations: Projection<NamespaceEvent, OperationRow> = {
  name: "operations",
  version: 2,
  streams: ["namespace-"],
  key: (event) => event.metadata.operation ?? undefined,
  apply(row, event) {
    const known = begun(event) ?? row;
    if (known === undefined) return undefined;
    const progress = proceed(known, event);
    const { kind } = known;
    const ends = known.ended_at === null && isOver(progress);
    return {
      ...known,
      ...progress,
      ...approvalAfter(event),
      steps: stepsAfter(known.steps, event, { kind, over: ends }),
      ended_at: ends ? event.recordedAt.toISOString() : known.ended_at,
    };
  },
};

function begun(event: RecordedEvent<NamespaceEvent>): OperationRow | undefined {
  switch (event.type) {
    case "NamespaceRequested":
      return beginningOf(event, "create", { ...event.data, teams: teamsOf(event.data.request) });
    case "UpdateRequested":
      return beginningOf(event, "update", { ...event.data, teams: teamsOf(event.data.request) });
    case "DeletionRequested":
      return beginningOf(event, "delete", event.data);
    case "RewindRequested":
      return beginningOf(event, "rewind", event.data);
    case "MoveRequested":
      return beginningOf(event, "move", event.data);
    case "DriftDetected": {
      const { namespace, repair } = event.data;
      return repair === null ? undefined : beginningOf(event, "reconcile", { namespace, ...repair });
    }
    default:
      return undefined;
  }
}

type Beginning = {
  readonly namespace: string;
  readonly operation: string;
  readonly workflow: Workflow;
  readonly teams: readonly string[];
};

const beginningOf = (
  event: RecordedEvent<NamespaceEvent>,
  kind: OperationKind,
  { namespace, operation, workflow, teams }: Beginning,
): OperationRow => ({
  id: operation,
  namespace,
  teams,
  ...beginning(kind),
  steps: [],
  plan_hash: null,
  approval: null,
  requested_by: event.metadata.actor,
  started_at: event.recordedAt.toISOString(),
  ended_at: null,
  workflow,
});

function approvalAfter(event: NamespaceEvent): Partial<OperationRow> {
  switch (event.type) {
    case "PlanSelected":
      return { plan_hash: event.data.hash, approval: null };
    case "ApprovalRequested":
      return { approval: event.data };
    case "ApprovalGranted":
    case "ApprovalRejected":
    case "ApprovalExpired":
    case "OperationCancelled":
      return { approval: null };
    default:
      return {};
  }
}
