import { CancellationScope } from "@temporalio/workflow";
import type { Failure } from "../domain/namespace/events.ts";
import { asFailure } from "./failure.ts";

type Step = () => Promise<unknown>;
export type Undo = (name: string, step: Step) => void;
export type Unwound = { readonly error: Failure; readonly blocked: readonly string[] };

/**
 * Runs `body`; if it fails, undoes what it registered, newest first, and answers why it
 * failed and what could not be undone.
 *
 * Register the undo *before* the step it reverses: a step that timed out may still have
 * happened. Undo steps are therefore idempotent, removing what was never there succeeds,
 * and an undo that gives up is reported, never swallowed: its name must stay taken.
 */
export async function saga(body: (undo: Undo) => Promise<void>): Promise<Unwound | undefined> {
  const undos: { readonly name: string; readonly step: Step }[] = [];
  try {
    await body((name, step) => undos.push({ name, step }));
    return undefined;
  } catch (failure) {
    const blocked: string[] = [];
    // A cancelled workflow still cleans up after itself.
    await CancellationScope.nonCancellable(async () => {
      for (const { name, step } of undos.reverse()) await step().catch(() => blocked.push(name));
    });
    return { error: asFailure(failure), blocked };
  }
}
