import type { BackendKind } from "../plan.ts";
import type { Chain } from "./choose.ts";
import type { NeedFacts } from "./needs.ts";
import type { PatternRule } from "./pattern-rules.ts";

/**
 * One version of how Prism chooses. A plan names its ruleset, so a new version stands
 * beside the old one and changes nothing that was promised.
 */
export type Ruleset = {
  readonly name: string;
  /** In the order of the chain. */
  readonly patterns: readonly PatternRule[];
  /** The backends to try, best first, and the branch that says so. */
  readonly order: (
    facts: NeedFacts,
    chain: Chain,
  ) => { readonly backends: readonly BackendKind[]; readonly because: string };
  /** Where a need's size changes the choice: at most so much, or more. What a flip is looked for around. */
  readonly thresholds: {
    readonly write_rps: readonly number[];
    readonly read_rps: readonly number[];
    readonly data_size: readonly number[];
    readonly max_message_size: readonly number[];
    readonly retention: readonly number[];
  };
  readonly rpsPerPartition: number;
  readonly replication: (strong: boolean) => number;
};
