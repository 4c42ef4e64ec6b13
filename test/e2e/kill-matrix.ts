import type { Activities } from "../../activities/activities.ts";
import type { Moment } from "../../activities/failpoint.ts";
import { ensureStep, removeStep } from "../../domain/namespace/steps.ts";
import type { Resource } from "../../domain/plan.ts";

/** What happens to a create while its worker is killed, and how it has to end. */
export type Plot = "plain" | "approved" | "rejected" | "expired" | "cancelled" | "retried" | "abandoned";

export type Cell = {
  readonly activity: keyof Activities;
  readonly plot: Plot;
  readonly moment: Moment;
  /** Which of the plan's resources; for activities that work on one. */
  readonly resource?: number;
};

/** How far an activity's work goes beside the stream: one with an effect of its own has two moments more. */
type Line = {
  readonly step: string | ((resource: Resource) => string);
  readonly plot: Plot;
  readonly effect?: true;
};

/** Every activity of a create, by the name of its failpoint. */
const activities: Readonly<Partial<Record<keyof Activities, Line>>> = {
  begin: { step: "begin", plot: "plain" },
  reserveQuota: { step: "reserve-quota", plot: "plain" },
  selectPlan: { step: "select", plot: "plain" },
  requestApproval: { step: "approve", plot: "approved" },
  approvePlan: { step: "grant", plot: "approved" },
  rejectPlan: { step: "reject", plot: "rejected" },
  expireApproval: { step: "expire", plot: "expired" },
  assignShard: { step: "assign-shard", plot: "plain" },
  ensureResource: { step: ensureStep, plot: "plain", effect: true },
  configurePatterns: { step: "configure-patterns", plot: "plain" },
  configureAccess: { step: "configure-access", plot: "plain" },
  registerWithProxies: { step: "register", plot: "plain" },
  probeThroughProxy: { step: "probe", plot: "plain" },
  commitQuota: { step: "commit-quota", plot: "plain" },
  activate: { step: "activate", plot: "plain" },
  parkOperation: { step: "park", plot: "abandoned" },
  retryOperation: { step: "retry", plot: "retried" },
  abandonOperation: { step: "abandon", plot: "abandoned" },
  cancelOperation: { step: "cancel", plot: "cancelled" },
  beginUndoing: { step: "begin-undo", plot: "cancelled" },
  removeResource: { step: removeStep, plot: "cancelled", effect: true },
  releaseQuota: { step: "release-quota", plot: "cancelled" },
  fail: { step: "fail", plot: "cancelled" },
};

/** Every activity at every moment, for a plan with so many resources. */
export const cells = (resources: number): readonly Cell[] =>
  (Object.entries(activities) as [keyof Activities, Line][]).flatMap(([activity, { step, plot, effect }]) => {
    const moments: readonly Moment[] = effect
      ? ["before", "intended", "after", "recorded"]
      : ["before", "recorded"];
    const each =
      typeof step === "string" ? [{}] : [...Array(resources).keys()].map((resource) => ({ resource }));
    return each.flatMap((which) => moments.map((moment) => ({ activity, plot, moment, ...which })));
  });

/** As `PRISM_FAILPOINT` takes it. */
export function failpointOf(cell: Cell, namespace: string, resources: readonly Resource[]): string {
  const step = activities[cell.activity]?.step ?? "";
  const resource = resources[cell.resource ?? 0];
  const name = typeof step === "string" || resource === undefined ? step : step(resource);
  return `${String(name)}:${cell.moment}:${namespace}`;
}
