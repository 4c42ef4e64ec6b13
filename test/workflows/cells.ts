import { type Moment, momentsOf } from "../../activities/step.ts";

/** Where something goes wrong. */
export type Cell = { readonly step: string; readonly moment: Moment };

const moments = (step: string): readonly Moment[] => momentsOf(step) ?? [];

/** Fewer than the attempts a step has. */
export const lateMoments = (step: string): readonly Moment[] => moments(step).slice(-3);

export const cellsOf = (steps: readonly string[], at = moments): readonly Cell[] =>
  steps.flatMap((step) => at(step).map((moment) => ({ step, moment })));

/** A step of "orders" as it is called for another namespace: the names of resources follow from its name. */
export const stepAmong =
  (stepsOf: (namespace: string) => readonly string[]) =>
  (namespace: string, step: string): string =>
    stepsOf(namespace)[stepsOf("orders").indexOf(step)] ?? step;
