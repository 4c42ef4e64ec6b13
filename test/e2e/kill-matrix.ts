import type { Activities } from "../../activities/activities.ts";
import { type Moment, momentsOf, ofAll, type Step } from "../../activities/step.ts";
import { ensureStep, removeStep, restoreStep } from "../../domain/namespace/steps.ts";
import type { Resource } from "../../domain/plan.ts";

/** What happens to an operation while its worker is killed, and how it has to end. */
export type Plot =
  | "plain"
  | "approved"
  | "rejected"
  | "expired"
  | "cancelled"
  | "retried"
  | "abandoned"
  /** A repair that its backend refuses, a cleanup, and a sweep that uses up its attempts. */
  | "refused"
  | "cleaned"
  | "unswept";

/** `growth`: what an update does beside when an ordered queue gets more partitions. */
export type Killed = "create" | "update" | "growth" | "delete" | "reconcile" | "rewind" | "move";

export type Cell = {
  readonly operation: Killed;
  readonly activity: keyof Activities;
  readonly plot: Plot;
  readonly moment: Moment;
  /** Which of the resources; for activities that work on one. */
  readonly resource?: number;
};

/** The failpoint's name, and the story in which the activity is met. */
type Line = {
  readonly step: Step | ((resource: Resource) => Step);
  readonly plot: Plot;
};

type Lines = Readonly<Partial<Record<keyof Activities, Line>>>;

/** What people decide about a plan, and about an operation that waits for them. */
const decisions: Lines = {
  requestApproval: { step: "approve", plot: "approved" },
  approvePlan: { step: "grant", plot: "approved" },
  rejectPlan: { step: "reject", plot: "rejected" },
  expireApproval: { step: "expire", plot: "expired" },
};
const interventions: Lines = {
  parkOperation: { step: "park", plot: "abandoned" },
  retryOperation: { step: "retry", plot: "retried" },
  abandonOperation: { step: "abandon", plot: "abandoned" },
  cancelOperation: { step: "cancel", plot: "cancelled" },
  beginUndoing: { step: "begin-undo", plot: "cancelled" },
  fail: { step: "fail", plot: "cancelled" },
};

/** Every activity of an operation, by the name of its failpoint. */
const lines: Readonly<Record<Killed, Lines>> = {
  create: {
    begin: { step: "begin", plot: "plain" },
    reserveQuota: { step: "reserve-quota", plot: "plain" },
    selectPlan: { step: "select", plot: "plain" },
    ...decisions,
    assignShard: { step: "assign-shard", plot: "plain" },
    ensureResource: { step: ensureStep, plot: "plain" },
    configurePatterns: { step: "configure-patterns", plot: "plain" },
    configureAccess: { step: "configure-access", plot: "plain" },
    registerWithProxies: { step: "register", plot: "plain" },
    probeThroughProxy: { step: "probe", plot: "plain" },
    commitQuota: { step: "commit-quota", plot: "plain" },
    activate: { step: "activate", plot: "plain" },
    ...interventions,
    removeResource: { step: removeStep, plot: "cancelled" },
    releaseQuota: { step: "release-quota", plot: "cancelled" },
  },
  update: {
    beginUpdate: { step: "begin", plot: "plain" },
    reserveQuota: { step: "reserve-quota", plot: "plain" },
    selectPlan: { step: "select", plot: "plain" },
    ...decisions,
    planChanges: { step: "plan-changes", plot: "plain" },
    ensureResource: { step: ensureStep, plot: "plain" },
    applyUpdate: { step: "apply", plot: "plain" },
    commitQuota: { step: "commit-quota", plot: "plain" },
    registerUpdate: { step: "register", plot: "plain" },
    ...interventions,
    hasPivoted: { step: "look-at-pivot", plot: "cancelled" },
    restoreResource: { step: restoreStep, plot: "cancelled" },
    releaseReservation: { step: "release-reservation", plot: "cancelled" },
  },
  growth: {
    holdRelay: { step: "hold-relay", plot: "plain" },
    drainGroups: { step: "drain-groups", plot: "plain" },
    growRelay: { step: "grow-relay", plot: "plain" },
    releaseRelay: { step: "release-relay", plot: "cancelled" },
  },
  delete: {
    beginDeletion: { step: "begin", plot: "plain" },
    stopTraffic: { step: "stop-traffic", plot: "plain" },
    drain: { step: "drain", plot: "plain" },
    stopProviders: { step: "stop-providers", plot: "plain" },
    archiveHistory: { step: "archive", plot: "plain" },
    removeResource: { step: removeStep, plot: "plain" },
    unregister: { step: "unregister", plot: "plain" },
    releaseQuota: { step: "release-quota", plot: "plain" },
    completeDeletion: { step: "delete", plot: "plain" },
    ...interventions,
    hasPivoted: { step: "look-at-pivot", plot: "cancelled" },
    reopenLog: { step: "reopen-log", plot: "cancelled" },
  },
  reconcile: {
    sweep: { step: "sweep", plot: "plain" },
    beginRepair: { step: "begin", plot: "plain" },
    ensureResource: { step: ensureStep, plot: "plain" },
    completeRepair: { step: "repair", plot: "plain" },
    endSweep: { step: "end-sweep", plot: "plain" },
    beginUndoing: { step: "begin-undo", plot: "refused" },
    fail: { step: "fail", plot: "refused" },
    planCleanup: { step: "plan-cleanup", plot: "cleaned" },
    removeResource: { step: removeStep, plot: "cleaned" },
    releaseQuota: { step: "release-quota", plot: "cleaned" },
    completeCleanup: { step: "complete-cleanup", plot: "cleaned" },
    failSweep: { step: "fail-sweep", plot: "unswept" },
  },
  rewind: {
    beginRewind: { step: "begin", plot: "plain" },
    rewindRelay: { step: "rewind", plot: "plain" },
  },
  move: {
    beginMove: { step: "begin", plot: "plain" },
    openTarget: { step: "open-target", plot: "plain" },
    registerWithProxies: { step: "register", plot: "plain" },
    probeThroughProxy: { step: "probe", plot: "plain" },
    moveNamespace: { step: "move", plot: "plain" },
    closeSource: { step: "close-source", plot: "plain" },
    drainSource: { step: "drain-source", plot: "plain" },
    completeMove: { step: "complete", plot: "plain" },
    closeTarget: { step: "close-target", plot: "cancelled" },
  },
};

export const operations = Object.keys(lines) as readonly Killed[];

export const activitiesOf = (operation: Killed): readonly string[] => Object.keys(lines[operation]);

/** The steps that an operation takes while nothing goes wrong and nobody is asked; those on resources are one activity. */
export function goingForward(operation: Killed): {
  readonly named: readonly string[];
  readonly onResource: boolean;
} {
  const steps = Object.values(lines[operation])
    .filter(({ plot }) => plot === "plain")
    .map(({ step }) => step);
  return {
    named: steps.filter((step) => typeof step === "string"),
    onResource: steps.some((step) => typeof step !== "string"),
  };
}

const some: Resource = { backend: "kafka", kind: "topic", name: "x", config: {} };

/** Every activity of an operation at every moment, with so many resources that it works on. */
export const cells = (operation: Killed, resources: number): readonly Cell[] =>
  (Object.entries(lines[operation]) as [keyof Activities, Line][]).flatMap(([activity, { step, plot }]) => {
    const moments = momentsOf(typeof step === "string" ? step : step(some)) ?? [];
    const each =
      typeof step === "string" ? [{}] : [...Array(resources).keys()].map((resource) => ({ resource }));
    return each.flatMap((which) =>
      moments.map((moment) => ({ operation, activity, plot, moment, ...which })),
    );
  });

/** As `PRISM_FAILPOINT` takes it. `resources`: those the operation works on. */
export function failpointOf(cell: Cell, namespace: string, resources: readonly Resource[]): string {
  const step = lines[cell.operation][cell.activity]?.step ?? "";
  const resource = resources[cell.resource ?? 0];
  const name = typeof step === "string" || resource === undefined ? step : step(resource);
  return `${String(name)}:${cell.moment}:${ofAll.has(String(name)) ? "*" : namespace}`;
}
