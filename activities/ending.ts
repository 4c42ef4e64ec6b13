import { PrismError } from "../domain/errors.ts";
import type { FailCommand } from "../domain/namespace/commands.ts";
import type { Failure } from "../domain/namespace/event-data.ts";
import { pivotPassed } from "../domain/namespace/namespace.ts";
import { type Outcome, outcomeOf } from "../domain/namespace/outcome.ts";
import type { OperationKind } from "../domain/namespace/progress.ts";
import type { Attempt } from "./attempt.ts";
import type { Occasion } from "./occasion.ts";
import type { NamespaceHistory, Recorder } from "./recorder.ts";

export type EndingDependencies = { readonly attempt: Attempt; readonly recorder: Recorder };

type Failed = { readonly occasion: Occasion; readonly error: Failure; readonly blocked: readonly string[] };

/** How operations end, and that what took effect is not undone: the stream says which it is. */
export const endingActivities = ({ attempt, recorder }: EndingDependencies) => ({
  /**
   * Before anything is undone: an operation that has taken effect answers its outcome instead.
   * One that Temporal was told to cancel is recorded as cancelled.
   */
  beginUndoing: (input: {
    readonly occasion: Occasion;
    readonly cancelled: boolean;
  }): Promise<Outcome | undefined> =>
    attempt(input.occasion, "begin-undo", async () => {
      const { occasion, cancelled } = input;
      const { operation } = occasion;
      const history = await recorder.read(occasion.namespace);
      const held = outcomeOf(history.events, operation);
      if (held !== undefined || !cancelled) return held;
      const actor = "prism";
      const command = { type: "CancelOperation", operation, by: actor } as const;
      await recorder.record({ ...occasion, actor }, "begin-undo", command);
      return undefined;
    }),

  /** Whether the operation only goes forward from here, whatever became of the attempt that made it so. */
  hasPivoted: (occasion: Occasion): Promise<boolean> =>
    attempt(occasion, "look-at-pivot", async () => {
      const { state } = await recorder.read(occasion.namespace);
      return pivotPassed(state, occasion.operation);
    }),

  /** Ends the operation as failed; what of a create could not be removed keeps the name taken. */
  fail: (input: Failed): Promise<Outcome> =>
    attempt(input.occasion, "fail", async () => {
      const { state } = await recorder.read(input.occasion.namespace);
      const kind = state.operation?.kind ?? "create";
      const failed = await recorder.record(input.occasion, "fail", failing(kind, input));
      if (kind === "reconcile") await degrade(recorder, input);
      return endedIn(failed, input.occasion);
    }),
});

/** What a repair did not put right is less than what was promised. */
async function degrade(recorder: Recorder, { occasion, error }: Failed): Promise<void> {
  const { operation } = occasion;
  const because = `it could not be repaired: ${error.message}`;
  await recorder.record(occasion, "degrade", { type: "DegradeNamespace", operation, because });
}

function failing(kind: OperationKind, { occasion: { operation }, error, blocked }: Failed): FailCommand {
  switch (kind) {
    case "create":
      return { type: "FailNamespace", operation, error, blocked };
    case "update":
      return { type: "FailUpdate", operation, error, blocked };
    case "delete":
      return { type: "FailDeletion", operation, error, blocked };
    case "reconcile":
      return { type: "FailRepair", operation, error };
    case "rewind":
      return { type: "FailRewind", operation, error };
    case "move":
      return { type: "FailMove", operation, error, blocked };
    case "migrate":
      throw new PrismError("UNIMPLEMENTED", "this build does not migrate");
  }
}

/** How the operation ended, where what was just recorded ended it. */
export function endedIn(history: NamespaceHistory, { operation }: Occasion): Outcome {
  const outcome = outcomeOf(history.events, operation);
  if (outcome === undefined) throw new PrismError("INTERNAL", `operation ${operation} has no outcome`);
  return outcome;
}
