import type { Plan, Resource } from "../plan.ts";
import { resourceKey } from "./resources.ts";

/** The names of a resource's own steps; the others are named in the lists below. */
export const ensureStep = (resource: Resource) => `ensure ${resourceKey(resource)}` as const;
/** Undoes an update's change of what is in use. */
export const restoreStep = (resource: Resource) => `restore ${resourceKey(resource)}` as const;
export const removeStep = (resource: Resource) => `remove ${resourceKey(resource)}` as const;

/** What is known of an operation that bears on its steps. */
export type Outline = {
  /** Until the plan is known, the steps on resources are not. */
  readonly plan?: Pick<Plan, "resources"> | undefined;
  readonly approval?: boolean;
};

export const createSteps = ({ plan, approval = false }: Outline = {}): readonly string[] => [
  "begin",
  "reserve-quota",
  "select",
  ...(approval ? ["approve"] : []),
  "assign-shard",
  ...(plan?.resources ?? []).map(ensureStep),
  "configure-patterns",
  "configure-access",
  "register",
  "probe",
  "commit-quota",
  "activate",
];

/** Access alone needs no plan. Of the resources those that change are shown as they do. */
export const updateSteps = (replans: boolean, { approval = false }: Outline = {}): readonly string[] =>
  replans
    ? [
        "begin",
        "reserve-quota",
        "select",
        ...(approval ? ["approve"] : []),
        "apply",
        "commit-quota",
        "register",
      ]
    : ["begin", "apply", "register"];

/** `resources`: their keys. */
export const deleteSteps = (resources: readonly string[]): readonly string[] => [
  "begin",
  "stop-traffic",
  "drain",
  "stop-providers",
  "archive",
  ...resources.map((key) => `remove ${key}`),
  "unregister",
  "release-quota",
  "delete",
];

export const repairSteps: readonly string[] = ["begin", "repair"];

export const rewindSteps: readonly string[] = ["begin", "rewind"];

/** Clients are told of the new shard once it serves; the old one is left when they have gone. */
export const moveSteps: readonly string[] = [
  "begin",
  "open-target",
  "register",
  "probe",
  "move",
  "close-source",
  "drain-source",
  "complete",
];

/** Steps that leave no event on the namespace's stream: done when one after them is. */
export const silentSteps: ReadonlySet<string> = new Set(["reserve-quota", "commit-quota", "release-quota"]);
