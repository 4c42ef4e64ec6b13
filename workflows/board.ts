import { setCurrentDetails } from "@temporalio/workflow";

type State = "pending" | "running" | "parked" | "done" | "failed" | "undone" | "undo failed";

/** The steps as they stand, for whoever looks at the workflow in the Temporal UI. */
export type Board = {
  mark(step: string, state: State, note?: string): void;
  /** What a step that is under way has run into, until it is marked anew. */
  note(step: string, trouble: string): void;
};

const signs: Readonly<Record<State, string>> = {
  pending: "·",
  running: "▸",
  parked: "⏸",
  done: "✓",
  failed: "✗",
  undone: "↩",
  "undo failed": "⚠",
};

/** `from`: the step this phase begins with; those before it are behind us. */
export function stepBoard(steps: readonly string[], from?: string): Board {
  const first = from === undefined ? 0 : steps.indexOf(from);
  const lines = new Map<string, { state: State; note: string }>(
    steps.map((step, index) => [step, { state: index < first ? "done" : "pending", note: "" }]),
  );
  const show = () => {
    const rows = [...lines].map(
      ([step, { state, note }]) => `| ${signs[state]} | ${step} | ${state} | ${note} |`,
    );
    setCurrentDetails(["| | step | state | |", "|---|---|---|---|", ...rows].join("\n"));
  };
  show();
  return {
    mark(step, state, note = "") {
      lines.set(step, { state, note: note.replaceAll(/[|\n]/g, " ") });
      show();
    },
    note(step, trouble) {
      if (lines.get(step)?.state === "running") this.mark(step, "running", trouble);
    },
  };
}
