import { unreachable } from "../errors.ts";
import type { NamespaceRequested } from "./create-events.ts";
import type { NamespaceEvent } from "./events.ts";
import { absent, type Namespace } from "./namespace.ts";
import { advance, newOperation } from "./operation.ts";
import { begunBy } from "./progress.ts";
import { evolveResources, resourceKey } from "./resources.ts";

/** The namespace after one more fact. Nothing is decided here: what happened, happened. */
export function evolve(namespace: Namespace, event: NamespaceEvent): Namespace {
  const begun = begin(namespace, event);
  const operation = begun.operation && advance(begun.operation, event);
  return { ...apply(begun, event), operation };
}

function begin(namespace: Namespace, event: NamespaceEvent): Namespace {
  const begins = begunBy(event);
  if (begins === undefined) return namespace;
  const before = event.type === "NamespaceRequested" ? nextLife(namespace, event) : namespace;
  const asked = event.type === "UpdateRequested" ? event.data.request : undefined;
  return {
    ...before,
    operation: newOperation(begins.operation, begins.kind, before.status, asked),
    begun: new Set([...before.begun, begins.operation]),
  };
}

/** Nothing of the last life but what is said of the name itself. */
const nextLife = (last: Namespace, { data }: NamespaceRequested): Namespace => ({
  ...absent,
  status: "provisioning",
  incarnation: last.incarnation + 1,
  version: 1,
  request: data.request,
  begun: last.begun,
  quarantined: last.quarantined,
});

function apply(namespace: Namespace, event: NamespaceEvent): Namespace {
  const { operation } = namespace;
  switch (event.type) {
    case "PlanSelected": {
      if (operation?.kind === "update") return namespace;
      const { plan, hash: planHash } = event.data;
      return { ...namespace, status: "provisioning", plan, planHash };
    }
    case "ApprovalRequested":
      // While an update waits, what is in force goes on.
      return operation?.kind === "create" ? { ...namespace, status: "awaiting_approval" } : namespace;
    case "ApprovalGranted":
    case "ApprovalRejected":
    case "ApprovalExpired":
    case "OperationCancelled":
      return namespace.status === "awaiting_approval" ? { ...namespace, status: "provisioning" } : namespace;
    case "ShardAssigned":
      return { ...namespace, shard: event.data.shard };
    case "MoveRequested":
      return { ...namespace, beside: event.data.to };
    case "NamespaceMoved":
      return { ...namespace, shard: event.data.to, beside: event.data.from };
    case "MoveCompleted":
      return { ...namespace, beside: undefined };
    case "MoveFailed":
      return event.data.cleanup_blocked ? namespace : { ...namespace, beside: undefined };
    case "ResourceIntended":
    case "ResourceProvisioned":
    case "ResourceRemovalIntended":
    case "ResourceRemoved":
      return { ...namespace, resources: evolveResources(namespace.resources, event) };
    case "CleanupBlocked":
      return { ...namespace, blocked: [...new Set([...namespace.blocked, ...event.data.resources])] };
    case "CleanupCompleted":
      return { ...namespace, blocked: [] };
    case "NamespaceActivated":
      return { ...namespace, status: "active", served: true };
    case "NamespaceFailed":
      return { ...namespace, status: "failed" };
    case "NamespaceRejected":
      return { ...namespace, status: "rejected" };
    case "UpdateApplied":
      return updated(namespace, event.data.version);
    case "NamespaceDegraded":
      return { ...namespace, status: "degraded", trouble: event.data.because };
    case "NamespaceRecovered":
      return { ...namespace, status: "active", trouble: undefined };
    case "DeletionRequested":
      return { ...namespace, status: "deleting" };
    case "DeletionFailed":
      return { ...namespace, status: operation?.statusBefore ?? namespace.status };
    case "NamespaceDeleted":
      return { ...namespace, status: "deleted", blocked: [] };
    case "DriftDetected":
      return { ...namespace, drift: event.data.findings };
    case "DriftRepaired":
      return { ...namespace, drift: [] };
    case "OrphanQuarantined": {
      const key = resourceKey(event.data.resource);
      return { ...namespace, quarantined: new Set([...namespace.quarantined, key]) };
    }
    case "DataAlarmRaised":
      return { ...namespace, dataAlarm: true };
    case "DataAlarmCleared":
      return { ...namespace, dataAlarm: false };
    case "NamespaceRequested":
    case "UpdateRequested":
    case "UpdateFailed":
    case "RelayHeld":
    case "GroupsDrained":
    case "PartitionsGrown":
    case "StepFailed":
    case "OperationParked":
    case "OperationRetried":
    case "OperationAbandoned":
    case "PatternsConfigured":
    case "AccessConfigured":
    case "ProxiesRegistered":
    case "ProbeSucceeded":
    case "TrafficStopped":
    case "DrainCompleted":
    case "ProvidersStopped":
    case "AuditArchived":
    case "ProxiesUnregistered":
    case "RepairFailed":
    case "RewindRequested":
    case "RelayRewound":
    case "RewindFailed":
    case "TargetOpened":
    case "TargetClosed":
    case "SourceClosed":
    case "SourceDrained":
      return namespace;
    default:
      return unreachable(event);
  }
}

/** What the update asked for is what is in force. */
function updated(namespace: Namespace, version: number): Namespace {
  const { request, selected } = namespace.operation ?? {};
  return {
    ...namespace,
    version,
    request: request ?? namespace.request,
    plan: selected?.plan ?? namespace.plan,
    planHash: selected?.hash ?? namespace.planHash,
  };
}
