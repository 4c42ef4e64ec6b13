import { workflowInfo } from "@temporalio/workflow";
import { closedLog } from "../domain/namespace/namespace.ts";
import { resourceKey } from "../domain/namespace/resources.ts";
import { deleteSteps, removeStep } from "../domain/namespace/steps.ts";
import { attend } from "./attend.ts";
import { stepBoard } from "./board.ts";
import { ended, phase } from "./phase.ts";
import { sideBySide } from "./side-by-side.ts";
import { recordsWithin } from "./steps.ts";
import type { Work } from "./work.ts";

export type DeleteNamespace = Work & {
  readonly confirm: string | undefined;
  /** Refused where the namespace has another version by then. */
  readonly ifVersion?: number;
};

/**
 * Takes a namespace out of service. Until it is drained it can be cancelled, and is served
 * again; from then on it only goes forward. Answers the position of the operation's last event.
 */
export async function deleteNamespace({ confirm, ifVersion, ...work }: DeleteNamespace): Promise<string> {
  const { occasion, timeouts } = work;
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const workflow = { id: workflowId, run_id: firstExecutionRunId };
  const asked = { occasion, confirm, ifVersion, workflow };
  const begun = await recordsWithin(timeouts, "begin").beginDeletion(asked);
  if (begun.ended !== undefined) return begun.ended.position;
  const { resources } = begun;
  const board = stepBoard(deleteSteps(resources.map(resourceKey)), "stop-traffic");

  return ended(
    await attend(work, board, async ({ step, undo, pivot }) => {
      phase("drain");
      undo("stop-traffic", closedLog, (undos) => undos.reopenLog(occasion));
      const pending = await step("stop-traffic", (steps, on) => steps.stopTraffic(on));
      return pivot(
        "drain",
        (steps, on) => steps.drain({ occasion: on, pending }),
        async () => {
          phase("remove");
          await step("stop-providers", (steps, on) => steps.stopProviders(on));
          await step("archive", (steps, on) => steps.archiveHistory(on));
          await sideBySide(
            resources.map(
              (resource) => () =>
                step(removeStep(resource), (steps, on) => steps.removeResource({ occasion: on, resource })),
            ),
          );
          await step("unregister", (steps, on) => steps.unregister(on));
          await step("release-quota", (steps, on) => steps.releaseQuota(on));
          return step("delete", (steps, on) => steps.completeDeletion(on));
        },
      );
    }),
  );
}
