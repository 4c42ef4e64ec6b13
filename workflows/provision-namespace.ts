import { CancellationScope, CancelledFailure } from "@temporalio/workflow";
import type { Planned } from "../activities/planned.ts";
import { resourceKey } from "../domain/namespace/resources.ts";
import { createSteps, ensureStep } from "../domain/namespace/steps.ts";
import { attend } from "./attend.ts";
import { stepBoard } from "./board.ts";
import { ended, phase } from "./phase.ts";
import { sideBySide } from "./side-by-side.ts";
import type { Work } from "./work.ts";

/** Without a plan nobody approved it: what the request holds is given back. */
export type ProvisionNamespace = Work & { readonly plan?: Planned };

/** From plan to served traffic. Answers the position of the operation's last event. */
export async function provisionNamespace({ plan, ...work }: ProvisionNamespace): Promise<string> {
  const { occasion } = work;
  const board = stepBoard(createSteps({ plan, approval: plan?.needsApproval ?? true }), "assign-shard");

  return ended(
    await attend(work, board, async ({ step, undo }) => {
      undo("reserve-quota", "quota", (undos) => undos.releaseQuota(occasion));
      if (plan === undefined) throw new CancelledFailure("the plan was not approved");

      phase("provision", plan.backend);
      for (const resource of plan.resources) {
        undo(ensureStep(resource), resourceKey(resource), (undos) =>
          undos.removeResource({ occasion, resource }),
        );
      }
      await sideBySide([
        () => step("assign-shard", (steps, on) => steps.assignShard(on)),
        ...plan.resources.map(
          (resource) => () =>
            step(ensureStep(resource), (steps, on) => steps.ensureResource({ occasion: on, resource })),
        ),
        () => step("configure-patterns", (steps, on) => steps.configurePatterns(on)),
      ]);
      await step("configure-access", (steps, on) => steps.configureAccess(on));

      phase("register");
      await step("register", (steps, on) => steps.registerWithProxies(on));
      await step("probe", (steps, on) => steps.probeThroughProxy(on));
      await step("commit-quota", (steps, on) => steps.commitQuota(on));

      // The pivot: from here the namespace holds its clients' data and is never unwound.
      return CancellationScope.nonCancellable(() => step("activate", (steps, on) => steps.activate(on)));
    }),
  );
}
