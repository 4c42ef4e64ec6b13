import type { Moment } from "../../activities/step.ts";
import type { Fault } from "./play.ts";

/** What is to go wrong, by namespace. */
export function plantedFaults() {
  const faults = new Map<string, { readonly fault: Fault; left: number }[]>();
  return {
    /** From now on these, and no others. */
    plant(namespace: string, some: readonly Fault[]): void {
      const counted = some.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
      faults.set(namespace, counted);
    },
    /** The one that is met there, which is counted. */
    met(namespace: string, step: string, moment: Moment): Fault | undefined {
      const hit = faults
        .get(namespace)
        ?.find(({ fault, left }) => left > 0 && fault.step === step && fault.moment === moment);
      if (hit !== undefined) hit.left--;
      return hit?.fault;
    },
  };
}
