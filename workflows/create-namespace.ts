import { workflowInfo } from "@temporalio/workflow";
import { createSteps } from "../domain/namespace/steps.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import { attend } from "./attend.ts";
import type { awaitDecision } from "./await-decision.ts";
import { stepBoard } from "./board.ts";
import { goOn } from "./go-on.ts";
import { ended, phase } from "./phase.ts";
import type { provisionNamespace } from "./provision-namespace.ts";
import { recordsWithin } from "./steps.ts";
import type { Work } from "./work.ts";

export type CreateNamespace = Work & { readonly request: NamespaceRequest };

/**
 * From request to plan. Workflow id: `namespace/<name>`, which makes Temporal the lock on
 * the name; the phases that follow go on under it.
 */
export async function createNamespace({ request, ...work }: CreateNamespace): Promise<string> {
  const { occasion, timeouts } = work;
  const board = stepBoard(createSteps());

  // Not attended: a refused request owns nothing, so there is nothing to undo, nor anything to cancel.
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const workflow = { id: workflowId, run_id: firstExecutionRunId };
  const before = await recordsWithin(timeouts, "begin").begin({ occasion, request, workflow });
  if (before !== undefined) return before.position; // This operation ended in an earlier run.
  board.mark("begin", "done");

  const planned = await attend(work, board, async ({ step, undo }) => {
    undo("reserve-quota", "quota", (undos) => undos.releaseQuota(occasion));
    await step("reserve-quota", (steps, on) => steps.reserveQuota(on));
    const plan = await step("select", (steps, on) => steps.selectPlan(on));
    if (!plan.needsApproval) return { plan };
    return { expiresInMs: await step("approve", (steps, on) => steps.requestApproval(on)) };
  });
  if ("outcome" in planned) return ended(planned);
  const { plan, expiresInMs } = planned.result;
  if (plan !== undefined) return goOn<typeof provisionNamespace>("provisionNamespace", { ...work, plan });
  phase("await-decision");
  return goOn<typeof awaitDecision>("awaitDecision", { ...work, expiresInMs });
}
