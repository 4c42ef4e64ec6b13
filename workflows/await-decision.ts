import { allHandlersFinished, CancellationScope, condition } from "@temporalio/workflow";
import type { Planned } from "../activities/planned.ts";
import { goOn } from "./go-on.ts";
import type { provisionNamespace } from "./provision-namespace.ts";
import { recordsWithin } from "./steps.ts";
import { whenTold } from "./told.ts";
import type { Work } from "./work.ts";

export type AwaitDecision = Work & {
  readonly expiresInMs: number;
  /** The phase that carries the plan out, or undoes. */
  readonly next?: "provisionNamespace" | "applyUpdate";
};

/** Sleeps until somebody decides on the plan, or nobody did in time. Never changed: it may sleep across deployments. */
export async function awaitDecision({
  expiresInMs,
  next = "provisionNamespace",
  ...work
}: AwaitDecision): Promise<never> {
  const { occasion, timeouts } = work;
  const decisions = recordsWithin(timeouts, "decide on the plan");
  let decision: { readonly plan?: Planned } | undefined;
  whenTold("approve", async (told) => {
    decision = { plan: await decisions.approvePlan({ occasion, told }) };
  });
  whenTold("reject", async (told) => {
    await decisions.rejectPlan({ occasion, told });
    decision = {};
  });
  whenTold("cancel", async (told) => {
    await decisions.cancelOperation({ occasion, told });
    decision = {};
  });
  // Temporal's own cancellation ends the waiting too; without a plan the next phase undoes.
  const inTime = await condition(() => decision !== undefined, expiresInMs).catch(() => true);
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (!inTime && decision === undefined) await decisions.expireApproval({ occasion });
  return goOn<typeof provisionNamespace>(next, { ...work, ...decision });
}
