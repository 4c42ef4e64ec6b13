import type { NamespaceHistory } from "./recorder.ts";

/**
 * When an attempt of a step may have ended last (ms since 1970; 0: nothing of it can be under
 * way). One that answered is over. One that was killed or cut off may have been at it until
 * the next one began: until the next answer, or until now.
 */
export function lastAttemptAt({ state, events }: NamespaceHistory, step: string): number {
  const said = events.filter(
    (event) =>
      event.metadata.incarnation === state.incarnation &&
      (event.metadata.causation === step || (event.type === "StepFailed" && event.data.step === step)),
  );
  const last = said.at(-1);
  const answered = last !== undefined && !(last.type === "StepFailed" && last.data.will_retry);
  if (!answered) return Date.now();
  return said.length === 1 ? 0 : last.recordedAt.getTime();
}
