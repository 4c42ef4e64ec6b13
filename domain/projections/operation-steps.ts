import type { RecordedEvent } from "../event.ts";
import { replans } from "../namespace/change.ts";
import type { Failure } from "../namespace/event-data.ts";
import type { NamespaceEvent } from "../namespace/events.ts";
import type { OperationKind } from "../namespace/progress.ts";
import { type Said, type StepState, stepsIn } from "../namespace/step-events.ts";
import {
  createSteps,
  deleteSteps,
  moveSteps,
  repairSteps,
  rewindSteps,
  silentSteps,
  updateSteps,
} from "../namespace/steps.ts";

export type StepRow = {
  readonly name: string;
  readonly state: "pending" | StepState;
  readonly attempts: number;
  readonly last_error: Failure | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
};

/** The steps of an operation after one of its events. `over`: it has ended with it. */
export function stepsAfter(
  before: readonly StepRow[],
  event: RecordedEvent<NamespaceEvent>,
  { kind, over }: { readonly kind: OperationKind; readonly over: boolean },
): readonly StepRow[] {
  const at = event.recordedAt.toISOString();
  const known = listed(before, event, kind);
  const said = stepsIn(event, kind);
  const steps = said === undefined ? known : heard(known, said, event);
  return over ? steps.map((step) => brokenOff(step, at)) : steps;
}

/** What an event says about which steps there are. */
function listed(before: readonly StepRow[], event: NamespaceEvent, kind: OperationKind): readonly StepRow[] {
  const approval = before.some(({ name }) => name === "approve");
  switch (event.type) {
    case "NamespaceRequested":
      return createSteps().map(pending);
    case "UpdateRequested":
      return updateSteps(replans(event.data.changes)).map(pending);
    case "DeletionRequested":
      return deleteSteps(event.data.resources).map(pending);
    case "RewindRequested":
      return rewindSteps.map(pending);
    case "MoveRequested":
      return moveSteps.map(pending);
    case "DriftDetected":
      return event.data.repair === null ? before : repairSteps.map(pending);
    case "PlanSelected":
      return kind === "create" ? relisted(before, createSteps({ plan: event.data.plan, approval })) : before;
    case "ApprovalRequested":
      return inserted(before, "approve", "select");
    case "ResourceIntended":
    case "ResourceProvisioned":
    case "StepFailed":
      return withResource(before, event, kind);
    default:
      return before;
  }
}

const pending = (name: string): StepRow => ({
  name,
  state: "pending",
  attempts: 0,
  last_error: null,
  started_at: null,
  ended_at: null,
});

function relisted(before: readonly StepRow[], names: readonly string[]): readonly StepRow[] {
  const known = new Map(before.map((step) => [step.name, step]));
  return names.map((name) => known.get(name) ?? pending(name));
}

function inserted(before: readonly StepRow[], name: string, after: string): readonly StepRow[] {
  if (before.some((step) => step.name === name)) return before;
  const place = before.findIndex((step) => step.name === after) + 1;
  return [...before.slice(0, place), pending(name), ...before.slice(place)];
}

/** Updates and repairs touch some of the resources: which, is seen as they do. */
function withResource(
  before: readonly StepRow[],
  event: NamespaceEvent,
  kind: OperationKind,
): readonly StepRow[] {
  if (kind === "create" || kind === "delete") return before;
  const [name] = stepsIn(event, kind)?.steps ?? [];
  if (name === undefined || !name.startsWith("ensure ")) return before;
  const last = before.findLastIndex((step) => step.name.startsWith("ensure "));
  const earlier = before.findLast(({ name: one }) => one === "approve" || one === "select");
  return inserted(before, name, before[last]?.name ?? earlier?.name ?? "begin");
}

function heard(
  before: readonly StepRow[],
  said: Said,
  event: RecordedEvent<NamespaceEvent>,
): readonly StepRow[] {
  const place = said.state === "done" ? before.findIndex(({ name }) => said.steps.includes(name)) : 0;
  return before.map((step, index) => {
    // A step without an event of its own is behind us once one after it is done.
    const passed = index < place && silentSteps.has(step.name) && step.state !== "done";
    return told(step, passed ? { steps: [step.name], state: "done" } : said, event);
  });
}

function told(step: StepRow, said: Said, event: RecordedEvent<NamespaceEvent>): StepRow {
  if (!said.steps.includes(step.name)) return step;
  const at = event.recordedAt.toISOString();
  const failure = event.type === "StepFailed" ? event.data : undefined;
  const goesOn = said.state === "running" || said.state === "retrying";
  return {
    ...step,
    state: said.state,
    attempts: failure?.attempt ?? step.attempts + (said.state === "done" ? 1 : 0),
    last_error: failure?.error ?? step.last_error,
    started_at: step.started_at ?? at,
    ended_at: goesOn ? null : at,
  };
}

/** An operation that has ended is at nothing any more. */
const brokenOff = (step: StepRow, at: string): StepRow =>
  step.state === "running" || step.state === "retrying" ? { ...step, state: "failed", ended_at: at } : step;
