import { workflowInfo } from "@temporalio/workflow";
import { rewindSteps } from "../domain/namespace/steps.ts";
import { attend } from "./attend.ts";
import { stepBoard } from "./board.ts";
import { ended, phase } from "./phase.ts";
import { recordsWithin } from "./steps.ts";
import type { Work } from "./work.ts";

/** Has a namespace's relay send the last hour again. There is nothing to undo: who has seen a message is not shown it twice. */
export async function rewindRelay(work: Work): Promise<string> {
  const { occasion, timeouts } = work;
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const workflow = { id: workflowId, run_id: firstExecutionRunId };
  const before = await recordsWithin(timeouts, "begin").beginRewind({ occasion, workflow });
  if (before !== undefined) return before.position;
  const board = stepBoard(rewindSteps, "rewind");
  phase("rewind");
  return ended(await attend(work, board, ({ step }) => step("rewind", (steps, on) => steps.rewindRelay(on))));
}
