import { ApplicationFailure } from "@temporalio/workflow";
import type { Growth } from "../domain/namespace/growth.ts";
import { barrier } from "../domain/namespace/namespace.ts";
import type { Operation } from "./operation.ts";
import type { Work } from "./work.ts";

/**
 * Before an ordered topic gets more partitions: what was published is relayed and acknowledged, and
 * what is published meanwhile waits in the log. Nobody is waited for without end: deliveries stand still.
 */
export async function holdBack(
  { occasion }: Work,
  growth: Growth,
  { urgently, undo }: Operation,
): Promise<void> {
  undo("hold-relay", barrier, (undos) => undos.releaseRelay({ occasion }));
  await urgently("hold-relay", (steps, on) => steps.holdRelay({ occasion: on, growth }));
  await urgently("drain-groups", async (steps, on) => {
    const missing = await steps.drainGroups({ occasion: on, growth });
    if (missing !== undefined) throw ApplicationFailure.nonRetryable(missing, "NAMESPACE_NOT_READY");
  });
}
