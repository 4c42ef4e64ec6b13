import { assertMayGoOn, notItsOperation } from "../domain/namespace/refusals.ts";
import type { Occasion } from "./occasion.ts";
import type { NamespaceHistory } from "./recorder.ts";

/**
 * For an effect that no decision on the stream comes before: the namespace is still this operation's.
 * An attempt that was frozen may wake up in the next life of the name.
 */
export function assertOwnTurn({ state }: NamespaceHistory, { operation }: Occasion): void {
  const { operation: current } = state;
  if (current?.id !== operation) throw notItsOperation({ type: "A late attempt", operation }, current);
}

/** The same for a step forward: nor has it ended, nor is it to be undone. */
export function assertOwnStep(history: NamespaceHistory, occasion: Occasion): void {
  assertOwnTurn(history, occasion);
  const { operation } = history.state;
  if (operation !== undefined) assertMayGoOn(operation);
}
