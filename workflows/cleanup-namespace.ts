import { removeStep } from "../domain/namespace/steps.ts";
import { phase } from "./phase.ts";
import { recordsWithin, undosWithin } from "./steps.ts";
import type { Work } from "./work.ts";

/** Then the next sweep tries again: nobody who wants to delete the namespace waits for it. */
const mostAttempts = 3;

/**
 * Does what undos gave up on, in the name of the last operation: removes what is left, opens a log again, and takes a barrier down.
 * Fails where something still cannot be done, and the name stays taken.
 */
export async function cleanupNamespace({ occasion, timeouts }: Work): Promise<void> {
  const within = { ...timeouts, undoAttempts: Math.min(timeouts.undoAttempts, mostAttempts) };
  const left = await recordsWithin(timeouts, "plan the cleanup").planCleanup(occasion);
  if (left === undefined) return;
  phase("cleanup");
  const { resources, release, log, barrier } = left;
  const undone = await Promise.allSettled([
    ...resources.map((resource) =>
      undosWithin(within, removeStep(resource)).removeResource({ occasion, resource }),
    ),
    ...(log ? [undosWithin(within, "open its log again").reopenLog(occasion)] : []),
    ...(barrier ? [undosWithin(within, "take its barrier down").releaseRelay({ occasion })] : []),
  ]);
  const undos = undosWithin(within, "give back its quota");
  await (release === "namespace" ? undos.releaseQuota(occasion) : undos.releaseReservation(occasion));
  for (const one of undone) if (one.status === "rejected") throw one.reason;
  await recordsWithin(timeouts, "end the cleanup").completeCleanup(occasion);
}
