import type { Plan, Resource } from "../plan.ts";
import type { NamespaceEvent } from "./events.ts";
import { resourceKey } from "./namespace.ts";

/** The name of a resource's own step; the others are named in `createSteps`. */
export const ensureStep = (resource: Resource): string => `ensure ${resourceKey(resource)}`;

/** A create's steps in order. Until the plan is known, those on resources are too. */
export const createSteps = (plan: Plan | undefined): readonly string[] => [
  "begin",
  "select",
  "assign-shard",
  ...(plan?.resources ?? []).map(ensureStep),
  "configure-patterns",
  "configure-access",
  "register",
  "probe",
  "activate",
];

/** What an event says about a step of its operation; `undefined`: nothing. */
export function stepOf(
  event: NamespaceEvent,
):
  | { readonly step: string; readonly state: "running" | "done" | "retrying" | "failed" | "undone" }
  | undefined {
  switch (event.type) {
    case "NamespaceRequested":
      return { step: "begin", state: "done" };
    case "PlanSelected":
      return { step: "select", state: "done" };
    case "ShardAssigned":
      return { step: "assign-shard", state: "done" };
    case "ResourceIntended":
      return { step: ensureStep(event.data.resource), state: "running" };
    case "ResourceProvisioned":
      return { step: ensureStep(event.data.resource), state: "done" };
    case "ResourceRemoved":
      return { step: ensureStep(event.data.resource), state: "undone" };
    case "PatternsConfigured":
      return { step: "configure-patterns", state: "done" };
    case "AccessConfigured":
      return { step: "configure-access", state: "done" };
    case "ProxiesRegistered":
      return { step: "register", state: "done" };
    case "ProbeSucceeded":
      return { step: "probe", state: "done" };
    case "NamespaceActivated":
      return { step: "activate", state: "done" };
    case "StepFailed":
      return { step: event.data.step, state: event.data.will_retry ? "retrying" : "failed" };
    case "CleanupBlocked":
    case "NamespaceFailed":
      return undefined;
  }
}
