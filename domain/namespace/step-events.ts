import { unreachable } from "../errors.ts";
import type { NamespaceEvent } from "./events.ts";
import type { OperationKind } from "./progress.ts";
import { ensureStep, removeStep } from "./steps.ts";

export type StepState = "running" | "done" | "retrying" | "failed" | "undone" | "undo_failed";
export type Said = { readonly steps: readonly string[]; readonly state: StepState };

/** What an event says about steps of its operation; `undefined`: nothing. */
export function stepsIn(event: NamespaceEvent, kind: OperationKind): Said | undefined {
  switch (event.type) {
    case "NamespaceRequested":
    case "UpdateRequested":
    case "DeletionRequested":
    case "RewindRequested":
    case "MoveRequested":
      return done("begin");
    case "DriftDetected":
      return event.data.repair === null ? undefined : done("begin");
    case "PlanSelected":
      return done("select");
    case "ApprovalRequested":
      return said("running", "approve");
    case "ApprovalGranted":
      return done("approve");
    case "ApprovalRejected":
    case "ApprovalExpired":
      return said("failed", "approve");
    case "ShardAssigned":
      return done("assign-shard");
    case "ResourceIntended":
      return said("running", ensureStep(event.data.resource));
    case "ResourceProvisioned":
      return done(ensureStep(event.data.resource));
    case "ResourceRemovalIntended":
      return kind === "delete" ? said("running", removeStep(event.data.resource)) : undefined;
    case "ResourceRemoved":
      return kind === "delete"
        ? done(removeStep(event.data.resource))
        : said("undone", ensureStep(event.data.resource));
    case "CleanupBlocked":
      return said("undo_failed", ...event.data.resources.map((key) => `ensure ${key}`));
    case "PatternsConfigured":
      return done("configure-patterns");
    case "AccessConfigured":
      return done("configure-access");
    case "ProxiesRegistered":
      return done("register");
    case "ProbeSucceeded":
      return done("probe");
    case "NamespaceActivated":
      return done("activate");
    case "RelayHeld":
      return done("hold-relay");
    case "GroupsDrained":
      return done("drain-groups");
    case "UpdateApplied":
      return done("apply");
    case "PartitionsGrown":
      return done("grow-relay");
    case "TrafficStopped":
      return done("stop-traffic");
    case "DrainCompleted":
      return done("drain");
    case "ProvidersStopped":
      return done("stop-providers");
    case "AuditArchived":
      return done("archive");
    case "ProxiesUnregistered":
      return done("unregister");
    case "NamespaceDeleted":
      return done("delete");
    case "DriftRepaired":
      return done("repair");
    case "RelayRewound":
      return done("rewind");
    case "TargetOpened":
      return done("open-target");
    case "TargetClosed":
      return said("undone", "open-target");
    case "NamespaceMoved":
      return done("move");
    case "SourceClosed":
      return done("close-source");
    case "SourceDrained":
      return done("drain-source");
    case "MoveCompleted":
      return done("complete");
    case "StepFailed":
      return failed(event.data, kind);
    case "OperationParked":
      return said("failed", event.data.step);
    case "OperationRetried":
      return said("running", event.data.step);
    case "OperationAbandoned":
    case "OperationCancelled":
    case "CleanupCompleted":
    case "NamespaceRejected":
    case "NamespaceFailed":
    case "UpdateFailed":
    case "DeletionFailed":
    case "RepairFailed":
    case "RewindFailed":
    case "MoveFailed":
    case "NamespaceDegraded":
    case "NamespaceRecovered":
    case "OrphanQuarantined":
    case "DataAlarmRaised":
    case "DataAlarmCleared":
      return undefined;
    default:
      return unreachable(event);
  }
}

const said = (state: StepState, ...steps: readonly string[]): Said => ({ steps, state });
const done = (step: string): Said => said("done", step);

/** Where nothing is deleted, removing a resource undoes the step that made it. */
function failed({ step, will_retry }: { step: string; will_retry: boolean }, kind: OperationKind): Said {
  const undoes = kind !== "delete" && step.startsWith("remove ");
  if (!undoes) return said(will_retry ? "retrying" : "failed", step);
  return said(will_retry ? "retrying" : "undo_failed", step.replace("remove ", "ensure "));
}
