import { workflowInfo } from "@temporalio/workflow";
import { updateSteps } from "../domain/namespace/steps.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import type { applyUpdate } from "./apply-update.ts";
import { attend } from "./attend.ts";
import type { awaitDecision } from "./await-decision.ts";
import { stepBoard } from "./board.ts";
import { goOn } from "./go-on.ts";
import { ended, phase } from "./phase.ts";
import { recordsWithin } from "./steps.ts";
import type { Work } from "./work.ts";

export type UpdateNamespace = Work & {
  /** The whole of what is to be. */
  readonly request: NamespaceRequest;
  /** Refused where the namespace has another version by then. */
  readonly ifVersion?: number;
};

/** From what is asked for to the plan of it; who may use the namespace changes no plan. */
export async function updateNamespace({ request, ifVersion, ...work }: UpdateNamespace): Promise<string> {
  const { occasion, timeouts } = work;
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const workflow = { id: workflowId, run_id: firstExecutionRunId };
  const asked = { occasion, request, ifVersion, workflow };
  const begun = await recordsWithin(timeouts, "begin").beginUpdate(asked);
  if (begun.ended !== undefined) return begun.ended.position;
  if (!begun.replans) return goOn<typeof applyUpdate>("applyUpdate", { ...work, replans: false });

  const board = stepBoard(updateSteps(true), "reserve-quota");
  const planned = await attend(work, board, async ({ step, undo }) => {
    undo("reserve-quota", "quota", (undos) => undos.releaseReservation(occasion));
    await step("reserve-quota", (steps, on) => steps.reserveQuota(on));
    const plan = await step("select", (steps, on) => steps.selectPlan(on));
    if (!plan.needsApproval) return { plan };
    return { expiresInMs: await step("approve", (steps, on) => steps.requestApproval(on)) };
  });
  if ("outcome" in planned) return ended(planned);
  const { plan, expiresInMs } = planned.result;
  if (plan !== undefined) return goOn<typeof applyUpdate>("applyUpdate", { ...work, replans: true, plan });
  phase("await-decision");
  return goOn<typeof awaitDecision>("awaitDecision", { ...work, expiresInMs, next: "applyUpdate" });
}
