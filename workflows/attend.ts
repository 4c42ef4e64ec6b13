import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  defineSignal,
  setHandler,
} from "@temporalio/workflow";
import type { Trouble } from "../activities/attempt.ts";
import type { Outcome } from "../domain/namespace/outcome.ts";
import type { Board } from "./board.ts";
import { interventions } from "./interventions.ts";
import type { Operation } from "./operation.ts";
import { parking } from "./parking.ts";
import { recordsWithin } from "./steps.ts";
import { type Undo, unwind } from "./unwind.ts";
import type { Work } from "./work.ts";

/**
 * Works on an operation until `body` is done, or failed and everything it registered is
 * undone, newest first. Meanwhile people may cancel it, and retry or abandon a step that is
 * parked (`activities/messages.ts`).
 */
export async function attend<T>(
  work: Work,
  board: Board,
  body: (operation: Operation) => Promise<T>,
): Promise<{ readonly result: T } | { readonly outcome: Outcome }> {
  const forward = new CancellationScope();
  let hasPivoted = false;
  setHandler(defineSignal<[Trouble]>("trouble"), ({ step: at, message }) => board.note(at, message));
  const { step, urgently } = parking(work, board, interventions(work, forward), () => hasPivoted);
  const undos: Undo[] = [];
  const undo: Operation["undo"] = (name, leaves, take) => undos.unshift({ step: name, leaves, take });
  const pivot: Operation["pivot"] = (name, take, then) =>
    CancellationScope.nonCancellable(async () => {
      await step(name, take).catch(async (failure: unknown) => {
        // What was recorded counts, whatever became of the attempt that recorded it.
        if (!(await recordsWithin(work.timeouts, "look back").hasPivoted(work.occasion))) throw failure;
      });
      hasPivoted = true;
      return then();
    });
  try {
    const result = await forward.run(() => body({ step, urgently, undo, pivot }));
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    // Told so while the last step was ending: the phase that follows would never hear of it.
    if (forward.consideredCancelled && !hasPivoted)
      throw new CancelledFailure("the operation is to be undone");
    return { result };
  } catch (failure) {
    // A cancelled operation still cleans up after itself.
    return { outcome: await CancellationScope.nonCancellable(() => unwind(work, board, undos, failure)) };
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}
