import type { PatternType } from "../plan.ts";
import type { Policies } from "../request/request.ts";

/**
 * What this build does as it promises. Whatever shows a plan asks here, and says
 * "not enforced yet" of everything else: plan, API, CLI, `/readyz`, `npm start`.
 */
export const enforcedPatterns: ReadonlySet<PatternType> = new Set<PatternType>(["wal", "replay-store"]);

export const enforcedPolicies: ReadonlySet<keyof Policies> = new Set<keyof Policies>(["deletion_protection"]);
