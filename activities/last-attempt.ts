import type { NamespaceHistory } from "./recorder.ts";

/**
 * When an attempt of a step may have ended last (ms since 1970; 0: nothing of it can be under
 * way). One that answered is over. One that was killed or cut off may have been at it until the
 * next one began: until the next answer or, where none came, until things began to be removed.
 */
export function lastAttemptAt({ state, events }: NamespaceHistory, step: string): number {
  const said = events.filter(
    (event) =>
      event.metadata.incarnation === state.incarnation &&
      (event.metadata.causation === step || (event.type === "StepFailed" && event.data.step === step)),
  );
  const last = said.at(-1);
  const answered = last !== undefined && !(last.type === "StepFailed" && last.data.will_retry);
  if (!answered) return removalBegan(state.operation?.id, events);
  return said.length === 1 ? 0 : last.recordedAt.getTime();
}

const removalBegan = (operation: string | undefined, events: NamespaceHistory["events"]): number =>
  events
    .find(({ type, metadata }) => type === "ResourceRemovalIntended" && metadata.operation === operation)
    ?.recordedAt.getTime() ?? Date.now();
