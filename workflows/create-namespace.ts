import { CancellationScope, workflowInfo } from "@temporalio/workflow";
import type { Occasion } from "../activities/occasion.ts";
import { resourceKey } from "../domain/namespace/resources.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import { phase } from "./phase.ts";
import { saga } from "./saga.ts";
import { sideBySide } from "./side-by-side.ts";
import { stepsWithin, type Timeouts, undosWithin } from "./steps.ts";

export type CreateNamespace = {
  readonly occasion: Occasion;
  readonly request: NamespaceRequest;
  readonly timeouts: Timeouts;
};

/**
 * From request to served traffic. Workflow id: `namespace/<name>`, which makes Temporal
 * the lock on the name. Answers the position of the operation's last event.
 */
export async function createNamespace({ occasion, request, timeouts }: CreateNamespace): Promise<string> {
  const steps = stepsWithin(timeouts);
  const undos = undosWithin(timeouts);

  // Outside the saga: a refused request owns nothing, so it must undo nothing.
  phase("begin");
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const ended = await steps.begin({
    occasion,
    request,
    workflow: { id: workflowId, run_id: firstExecutionRunId },
  });
  if (ended !== undefined) return ended.position; // This operation ended in an earlier run.

  const unwound = await saga(async (undo) => {
    undo("quota", () => undos.releaseQuota(occasion));
    await steps.reserveQuota(occasion);
    phase("select");
    const plan = await steps.selectPlan(occasion);
    phase("provision", plan.backend);
    await steps.assignShard(occasion);
    for (const resource of plan.resources) {
      undo(resourceKey(resource), () => undos.removeResource({ occasion, resource }));
    }
    await sideBySide(plan.resources.map((resource) => () => steps.ensureResource({ occasion, resource })));

    phase("register");
    await steps.configurePatterns(occasion);
    await steps.configureAccess(occasion);
    await steps.registerWithProxies(occasion);
    phase("probe");
    await steps.probeThroughProxy(occasion);
    await steps.commitQuota(occasion);
  });
  if (unwound !== undefined) {
    phase("failed");
    const failed = await CancellationScope.nonCancellable(() => undos.fail({ occasion, ...unwound }));
    return failed.position;
  }

  // The pivot: from here the namespace holds its clients' data and is never unwound.
  phase("activate");
  const active = await CancellationScope.nonCancellable(() => steps.activate(occasion));
  phase("active");
  return active.position;
}
