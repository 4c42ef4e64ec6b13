import type { Page } from "./answers.ts";

/** One thing that is not as it should be. */
export type DriftFinding = {
  readonly class: "missing" | "drifted" | "orphaned" | "foreign" | "stuck" | "leaked";
  readonly backend: string | null;
  readonly kind: string | null;
  readonly name: string | null;
  readonly namespace: string | null;
  readonly operation: string | null;
  readonly fields: readonly { readonly field: string; readonly planned: string; readonly actual: string }[];
  readonly because: string;
  readonly remedy: "repair" | "cleanup" | "resume" | "return" | "quarantine" | "none";
  /** Reconcile has put it right since. */
  readonly settled: boolean;
  readonly seen_at: string;
};

/** `sweep`: the look that found it; null: nobody has looked yet. `unseen`: backends that did not answer, and why. */
export type Drift = Page<DriftFinding> & {
  readonly sweep: {
    readonly id: string;
    readonly state: string;
    readonly requested_by: string;
    readonly started_at: string | null;
    readonly ended_at: string | null;
    readonly unseen: Readonly<Record<string, string>>;
  } | null;
};
