import { ActivityFailure, CancellationScope, defineUpdate, setHandler } from "@temporalio/workflow";
import type { Messages } from "../activities/messages.ts";

/**
 * Takes one of the messages people send. `take` decides it on the stream; its refusal is
 * the sender's answer, with Prism's code as its type, and the operation goes on as it was.
 */
export function whenTold<Name extends keyof Messages>(
  name: Name,
  take: (message: Messages[Name]) => Promise<void>,
): void {
  setHandler(defineUpdate<void, [Messages[Name]]>(name), async (message) => {
    try {
      // Also where Temporal has cancelled the workflow: past its pivot it goes on, and listens.
      await CancellationScope.nonCancellable(() => take(message));
    } catch (failure) {
      throw failure instanceof ActivityFailure && failure.cause !== undefined ? failure.cause : failure;
    }
  });
}
