import type { Outcome } from "../domain/namespace/outcome.ts";
import type { Board } from "./board.ts";
import { asFailure, wasCancelled } from "./failure.ts";
import { phase } from "./phase.ts";
import { recordsWithin, type Steps, undosWithin } from "./steps.ts";
import type { Work } from "./work.ts";

export type Undo = {
  readonly step: string;
  /** What stays behind where it cannot be undone. */
  readonly leaves: string;
  readonly take: (undos: Steps) => Promise<unknown>;
};

/**
 * Undoes a failed operation and ends it. An undo that gives up does not stop the others;
 * what it leaves behind is reported, and keeps the name taken.
 */
export async function unwind(
  { occasion, timeouts }: Work,
  board: Board,
  undos: readonly Undo[],
  failure: unknown,
): Promise<Outcome> {
  // The stream has the last word: what a failed attempt has made active is not undone.
  const cancelled = wasCancelled(failure);
  const held = await recordsWithin(timeouts, "begin to undo").beginUndoing({ occasion, cancelled });
  if (held !== undefined) return held;

  phase("undo");
  const blocked: string[] = [];
  for (const { step, leaves, take } of undos) {
    try {
      await take(undosWithin(timeouts, `undo ${step}`));
      board.mark(step, "undone");
    } catch (why) {
      blocked.push(leaves);
      board.mark(step, "undo failed", asFailure(why).message);
    }
  }
  return recordsWithin(timeouts, "end").fail({ occasion, error: asFailure(failure), blocked });
}
