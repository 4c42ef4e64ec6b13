import type { PatternType } from "../plan.ts";
import type { Policies } from "../request/request.ts";

/**
 * What this build does as it promises. Whatever shows a plan asks here, and says
 * "not enforced yet" of everything else: plan, API, CLI, `/readyz`, `npm start`.
 */
export const enforcedPatterns: ReadonlySet<PatternType> = new Set<PatternType>(["wal", "replay-store"]);

/** The patterns of a chain that are not enforced. Beside an outbox the log is the outbox's own commit (R9). */
export const notEnforced = (chain: readonly PatternType[]): readonly PatternType[] => {
  const logged = enforcedPatterns.has("outbox") || !chain.includes("outbox");
  return chain.filter((type) => !enforcedPatterns.has(type) || (type === "wal" && !logged));
};

export const enforcedPolicies: ReadonlySet<keyof Policies> = new Set<keyof Policies>(["deletion_protection"]);
