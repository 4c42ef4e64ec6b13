import { CancelledFailure } from "@temporalio/workflow";
import type { Planned } from "../activities/planned.ts";
import type { Growth } from "../domain/namespace/growth.ts";
import { resourceKey } from "../domain/namespace/resources.ts";
import { ensureStep, updateSteps } from "../domain/namespace/steps.ts";
import { attend } from "./attend.ts";
import { stepBoard } from "./board.ts";
import { holdBack } from "./hold-back.ts";
import type { Operation } from "./operation.ts";
import { ended, phase } from "./phase.ts";
import { sideBySide } from "./side-by-side.ts";
import type { Work } from "./work.ts";

/** `replans` (default) without a plan: nobody approved it. */
export type ApplyUpdate = Work & { readonly replans?: boolean; readonly plan?: Planned };

/**
 * From plan to a configuration in force. Until then the old one serves, and stands again where
 * the update fails; an update never deletes what was in use.
 */
export async function applyUpdate({ replans = true, plan, ...work }: ApplyUpdate): Promise<string> {
  const { occasion } = work;
  const board = stepBoard(updateSteps(replans), replans ? "apply" : "begin");

  return ended(
    await attend(work, board, async (operation) => {
      const { step, undo, pivot } = operation;
      if (replans) undo("reserve-quota", "quota", (undos) => undos.releaseReservation(occasion));
      if (replans && plan === undefined) throw new CancelledFailure("the plan was not approved");
      let growth = plan && (await changeResources(work, plan, operation));
      phase("apply");
      return pivot(
        "apply",
        async (steps, on) => {
          // Once the new plan is in force, what it changes can only be told from the history.
          growth = (await steps.applyUpdate(on)) ?? growth;
        },
        async () => {
          const owed = growth;
          if (owed !== undefined) {
            await step("grow-relay", (steps, on) => steps.growRelay({ occasion: on, growth: owed }));
          }
          if (replans) await step("commit-quota", (steps, on) => steps.commitQuota(on));
          return step("register", (steps, on) => steps.registerUpdate(on));
        },
      );
    }),
  );
}

/** Answers what of it is to follow once the new plan is in force. */
async function changeResources(
  work: Work,
  { backend }: Planned,
  operation: Operation,
): Promise<Growth | undefined> {
  const { occasion } = work;
  const { step, urgently, undo } = operation;
  phase("provision", backend);
  const changes = await step("plan-changes", (steps, on) => steps.planChanges(on));
  for (const { resource, before } of changes) {
    undo(ensureStep(resource), resourceKey(resource), (undos) =>
      before === undefined
        ? undos.removeResource({ occasion, resource })
        : undos.restoreResource({ occasion, resource: before }),
    );
  }
  const growth = changes.find((change) => change.growth !== undefined)?.growth;
  const isHeld = growth?.ordered === true;
  if (isHeld) await holdBack(work, growth, operation);
  const take = isHeld ? urgently : step;
  await sideBySide(
    changes.map(
      ({ resource }) =>
        () =>
          take(ensureStep(resource), (steps, on) => steps.ensureResource({ occasion: on, resource })),
    ),
  );
  return growth;
}
