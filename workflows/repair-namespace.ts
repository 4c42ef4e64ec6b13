import { CancellationScope, workflowInfo } from "@temporalio/workflow";
import { resourceKey } from "../domain/namespace/resources.ts";
import { ensureStep } from "../domain/namespace/steps.ts";
import { attend } from "./attend.ts";
import { stepBoard } from "./board.ts";
import { culprit } from "./failure.ts";
import { ended, phase } from "./phase.ts";
import { recordsWithin } from "./steps.ts";
import type { Work } from "./work.ts";

/** What cannot be repaired soon fails: nobody who wants to change or delete the namespace waits for it. */
const mostAttempts = 8;

/**
 * Leaves what a namespace in use is promised as planned. It removes nothing but what its own finished lives
 * left in the place; answers the position of the operation's last event, or where nothing was to be done.
 */
export async function repairNamespace({ occasion, timeouts }: Work): Promise<string> {
  const within = { ...timeouts, stepAttempts: Math.min(timeouts.stepAttempts, mostAttempts) };
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const workflow = { id: workflowId, run_id: firstExecutionRunId };
  const { resources, position } = await recordsWithin(within, "begin").beginRepair({ occasion, workflow });
  if (resources.length === 0) return position;
  const board = stepBoard(["begin", ...resources.map(ensureStep), "repair"]);
  board.mark("begin", "done");
  phase("repair");

  return ended(
    await attend({ occasion, timeouts: within }, board, async ({ urgently }) => {
      const failures: unknown[] = [];
      await Promise.all(
        resources.map((resource) =>
          urgently(ensureStep(resource), (steps, on) =>
            steps.ensureResource({ occasion: on, resource }),
          ).catch(
            // One that cannot be put right is no reason to leave the others.
            (failure: unknown) => failures.push(failure),
          ),
        ),
      );
      if (failures.length > 0) throw culprit(failures);
      const keys = resources.map(resourceKey);
      return CancellationScope.nonCancellable(() =>
        urgently("repair", (steps, on) => steps.completeRepair({ occasion: on, resources: keys })),
      );
    }),
  );
}
