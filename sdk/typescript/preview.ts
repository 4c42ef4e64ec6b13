import type { Amounts, PlanAnswer, Team, Trace, Violation } from "./answers.ts";

/** What would be built or changed. Where it would be refused: no plan, and everything that is wrong. */
export type Preview = {
  readonly plan: PlanAnswer["plan"] | null;
  readonly trace: Trace | null;
  readonly hash: string | null;
  readonly approval_required: boolean;
  readonly approval: readonly { readonly field: string; readonly because: string }[];
  readonly quota: Team | null;
  readonly warnings: readonly { readonly field: string; readonly message: string }[];
  /** Where the namespace is there, and yours: what would change. */
  readonly update: UpdatePreview | null;
  readonly violations: readonly Violation[];
};

export type UpdatePreview = {
  readonly version: number;
  readonly operation: string | null;
  readonly changes: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[];
  readonly resources: {
    readonly added: readonly PlannedResource[];
    readonly changed: readonly PlannedResource[];
    readonly grown: readonly PlannedResource[];
    readonly moves: readonly { readonly what: string; readonly from: unknown; readonly to: unknown }[];
  };
  readonly quota: { readonly before: Amounts; readonly after: Amounts };
  /** The merge patch that leads there. */
  readonly patch: Readonly<Record<string, unknown>>;
};

type PlannedResource = { readonly backend: string; readonly kind: string; readonly name: string };
