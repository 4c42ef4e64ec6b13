import type { RecordedEvent } from "../event.ts";
import type { Failure, NamespaceEvent } from "../namespace/events.ts";
import { createSteps, stepOf } from "../namespace/steps.ts";
import type { Projection } from "./projection.ts";

export type OperationState =
  | "pending"
  | "running"
  | "awaiting_approval"
  | "waiting"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "rejected";

export type StepRow = {
  readonly name: string;
  readonly state: "pending" | "running" | "retrying" | "done" | "failed" | "undone" | "undo_failed";
  readonly attempts: number;
  readonly last_error: Failure | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
};

/** One create, update, delete or migrate, readable long after Temporal has dropped its history. */
export type OperationRow = {
  readonly id: string;
  readonly kind: "create";
  readonly namespace: string;
  /** Whose members may see it. */
  readonly teams: readonly string[];
  readonly state: OperationState;
  readonly steps: readonly StepRow[];
  readonly plan_hash: string | null;
  readonly error: Failure | null;
  readonly requested_by: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly workflow: { readonly id: string; readonly run_id: string };
};

export const operations: Projection<NamespaceEvent, OperationRow> = {
  name: "operations",
  version: 1,
  streams: ["namespace-"],
  key: (event) => event.metadata.operation ?? undefined,
  apply(row, event) {
    if (event.type === "NamespaceRequested") return withStep(begun(event), event);
    return row === undefined ? undefined : withStep(withOutcome(row, event), event);
  },
};

function begun(event: RecordedEvent<Extract<NamespaceEvent, { type: "NamespaceRequested" }>>): OperationRow {
  return {
    id: event.data.operation,
    kind: "create",
    namespace: event.data.namespace,
    teams: [event.data.request.team, ...event.data.request.access.owners.map(({ team }) => team)],
    state: "running",
    steps: createSteps(undefined).map(pending),
    plan_hash: null,
    error: null,
    requested_by: event.metadata.actor,
    started_at: event.recordedAt.toISOString(),
    ended_at: null,
    workflow: event.data.workflow,
  };
}

const pending = (name: string): StepRow => ({
  name,
  state: "pending",
  attempts: 0,
  last_error: null,
  started_at: null,
  ended_at: null,
});

function withOutcome(row: OperationRow, event: RecordedEvent<NamespaceEvent>): OperationRow {
  const at = event.recordedAt.toISOString();
  switch (event.type) {
    case "PlanSelected": {
      const known = new Map(row.steps.map((step) => [step.name, step]));
      const steps = createSteps(event.data.plan).map((name) => known.get(name) ?? pending(name));
      return { ...row, plan_hash: event.data.hash, steps };
    }
    case "StepFailed":
      // Decided, though not yet unwound: the caller need not wait for the cleaning.
      return event.data.will_retry ? row : { ...row, error: event.data.error };
    case "NamespaceActivated":
      return { ...row, state: "succeeded", ended_at: at };
    case "NamespaceFailed":
      return { ...row, state: "failed", error: event.data.error, ended_at: at };
    default:
      return row;
  }
}

function withStep(row: OperationRow, event: RecordedEvent<NamespaceEvent>): OperationRow {
  const said = stepOf(event);
  if (said === undefined) return row;
  const at = event.recordedAt.toISOString();
  const steps = row.steps.map((step): StepRow => {
    if (step.name !== said.step) return step;
    const failure = event.type === "StepFailed" ? event.data : undefined;
    return {
      ...step,
      state: said.state,
      attempts: failure?.attempt ?? step.attempts + (said.state === "done" ? 1 : 0),
      last_error: failure?.error ?? step.last_error,
      started_at: step.started_at ?? at,
      ended_at: said.state === "running" || said.state === "retrying" ? null : at,
    };
  });
  return { ...row, steps };
}
