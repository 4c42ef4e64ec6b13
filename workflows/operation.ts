import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  defineSignal,
  setHandler,
} from "@temporalio/workflow";
import type { Trouble } from "../activities/attempt.ts";
import type { Occasion } from "../activities/occasion.ts";
import type { Outcome } from "../domain/namespace/outcome.ts";
import type { Board } from "./board.ts";
import { interventions } from "./interventions.ts";
import { parking } from "./parking.ts";
import { recordsWithin, type Steps } from "./steps.ts";
import { type Undo, unwind } from "./unwind.ts";
import type { Work } from "./work.ts";

export type Operation = {
  /**
   * Takes a step, under the name that people see: repeated with backoff, parked where its
   * budget is used up. `on` is the occasion of this round; it names the round's events.
   */
  step<T>(name: string, take: (steps: Steps, on: Occasion) => Promise<T>): Promise<T>;
  /** The same for what holds traffic up: it never waits for a person, and fails once its budget is used up. */
  urgently<T>(name: string, take: (steps: Steps, on: Occasion) => Promise<T>): Promise<T>;
  /**
   * Registers what reverses `step`, before the step: one that timed out may still have
   * happened. Undoing is therefore idempotent, and what was never there is undone already.
   * `leaves` names what stays behind where it cannot be undone.
   */
  undo(step: string, leaves: string, take: Undo["take"]): void;
  /**
   * The step after which there is no way back, and what follows it. From there on nothing is
   * undone or cancelled, and a step that is refused parks too: somebody has to mend what is wrong.
   */
  pivot<T>(
    name: string,
    take: (steps: Steps, on: Occasion) => Promise<void>,
    then: () => Promise<T>,
  ): Promise<T>;
};

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
