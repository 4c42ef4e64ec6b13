import { CancellationScope } from "@temporalio/workflow";
import { culprit } from "./failure.ts";

/**
 * Runs independent steps at the same time. When one fails for good the others are
 * cancelled, and all have ended before the failure is thrown: an undo must never race
 * the step it reverses.
 */
export async function sideBySide(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const running = steps.map(async (step) => {
      try {
        await step();
      } catch (error) {
        scope.cancel();
        throw error;
      }
    });
    const failures = (await Promise.allSettled(running))
      .filter((result) => result.status === "rejected")
      .map((result) => result.reason as unknown);
    if (failures.length > 0) throw culprit(failures);
  });
}
