import type { OperationChange } from "../sdk/typescript/answers.ts";

const marks: Readonly<Record<string, string>> = {
  running: "…",
  retrying: "↻",
  done: "✓",
  failed: "✗",
  undone: "↩",
  undo_failed: "✗",
};

/** What one change of an operation says to a person: a line a step, and one where the operation waits or ends. */
export function progressLines(change: OperationChange): readonly string[] {
  const time = change.at.slice(11, 23);
  const steps = change.steps.map(({ name, state, attempts, last_error }) => {
    const trouble = state === "done" || state === "undone" ? null : last_error;
    const why = trouble === null ? "" : `, attempt ${attempts}: ${trouble.code}: ${trouble.message}`;
    return `${time}  ${marks[state] ?? " "} ${name}${state === "done" ? "" : ` (${state}${why})`}`;
  });
  const said = stateLine(change);
  return said === undefined ? steps : [...steps, `${time}  ${said}`];
}

function stateLine({
  operation,
  kind,
  namespace,
  state,
  undoing,
  plan_hash,
  steps,
}: OperationChange): string | undefined {
  switch (state) {
    case "succeeded":
    case "failed":
    case "cancelled":
    case "rejected":
      return `${kind} of ${namespace}: ${state}`;
    case "awaiting_approval":
      return `waits for approval: prism operation approve ${operation} --plan-hash ${plan_hash}`;
    case "waiting":
      return `parked: prism operation retry ${operation}, or abandon`;
    default:
      // Once, where it turns: each step that is undone has a line of its own.
      return undoing !== null && steps.length === 0 ? `is being undone: ${undoing}` : undefined;
  }
}
