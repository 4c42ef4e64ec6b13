import { sleep, workflowInfo } from "@temporalio/workflow";
import { moveSteps } from "../domain/namespace/steps.ts";
import { attend } from "./attend.ts";
import { stepBoard } from "./board.ts";
import { ended, phase } from "./phase.ts";
import { recordsWithin } from "./steps.ts";
import type { Work } from "./work.ts";

/** `to`: the shard that is to serve it. */
export type MoveNamespace = Work & { readonly to: string };

/**
 * Has another shard serve a namespace. Until clients are told of it the move can be cancelled, and the new
 * shard forgets it; then both serve until clients have followed, and the old one forgets it.
 */
export async function moveNamespace({ to, ...work }: MoveNamespace): Promise<string> {
  const { occasion, timeouts } = work;
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const workflow = { id: workflowId, run_id: firstExecutionRunId };
  const begun = await recordsWithin(timeouts, "begin").beginMove({ occasion, to, workflow });
  if (begun.ended !== undefined) return begun.ended.position;
  const { graceMs } = begun;
  const board = stepBoard(moveSteps, "open-target");
  phase("register");

  return ended(
    await attend(work, board, async ({ step, undo, pivot }) => {
      undo("open-target", to, (undos) => undos.closeTarget(occasion));
      await step("open-target", (steps, on) => steps.openTarget(on));
      await step("register", (steps, on) => steps.registerWithProxies(on));
      await step("probe", (steps, on) => steps.probeThroughProxy(on));
      return pivot(
        "move",
        (steps, on) => steps.moveNamespace(on),
        async () => {
          phase("drain");
          await sleep(graceMs);
          await step("close-source", (steps, on) => steps.closeSource(on));
          await step("drain-source", (steps, on) => steps.drainSource(on));
          return step("complete", (steps, on) => steps.completeMove(on));
        },
      );
    }),
  );
}
