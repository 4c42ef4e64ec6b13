import type { Occasion } from "../activities/occasion.ts";
import type { Steps } from "./steps.ts";
import type { Undo } from "./unwind.ts";

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
