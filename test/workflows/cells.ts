import type { Moment } from "../../activities/failpoint.ts";

/** Where something goes wrong. */
export type Cell = { readonly step: string; readonly moment: Moment };

/** A step on a resource has an effect of its own, and so two moments more. */
const moments = (step: string): readonly Moment[] =>
  /^(ensure|remove|restore) /.test(step)
    ? ["before", "intended", "after", "recorded"]
    : ["before", "recorded"];

/** Fewer than the attempts a step has. */
export const lateMoments = (step: string): readonly Moment[] => moments(step).slice(-3);

export const cellsOf = (steps: readonly string[], at = moments): readonly Cell[] =>
  steps.flatMap((step) => at(step).map((moment) => ({ step, moment })));

/** A step of "orders" as it is called for another namespace: the names of resources follow from its name. */
export const stepAmong =
  (stepsOf: (namespace: string) => readonly string[]) =>
  (namespace: string, step: string): string =>
    stepsOf(namespace)[stepsOf("orders").indexOf(step)] ?? step;
