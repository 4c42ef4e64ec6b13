import { pause } from "../pause.ts";
import { Deposed, type Term } from "./checkpoints.ts";
import type { LeadDependencies } from "./dependencies.ts";
import { abandonedVersions, dropVersion } from "./retire.ts";
import { verify } from "./verify.ts";

/** Verification may take this part of the time at most: on a long log the rounds become rarer. */
const shareOfTime = 1 / 10;

/**
 * While this process leads: verifies the tables in rounds, names and repairs what differs from its events, and drops
 * older versions that nobody has led for two rounds.
 */
export async function supervise(deps: LeadDependencies, term: Term, signal: AbortSignal): Promise<void> {
  const projection = `${term.fold.name} v${term.fold.version}`;
  let abandoned: readonly number[] = [];
  let tookMs = 0;
  for (let round = 0; ; round += 1) {
    await pause(Math.max(deps.verifyMs, tookMs / shareOfTime), signal);
    if (signal.aborted) return;
    if (!term.built) continue;
    const began = performance.now();
    try {
      for (const key of await verify(deps, term, round)) {
        deps.log.error({ projection, key }, "a row differed from what its events say and was repaired");
      }
      const now = await abandonedVersions(deps.pool, term);
      for (const version of now.filter((one) => abandoned.includes(one))) {
        await dropVersion(deps.pool, term.fold, version);
        deps.log.info({ projection, version }, "dropped a version that nobody serves any more");
      }
      abandoned = now;
    } catch (error) {
      if (error instanceof Deposed) throw error;
      if (!signal.aborted) deps.log.warn({ projection, err: error }, "could not verify the projection");
    }
    tookMs = performance.now() - began;
  }
}
