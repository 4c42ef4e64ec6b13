import type {
  AccessConfigured,
  NamespaceActivated,
  NamespaceFailed,
  NamespaceRejected,
  NamespaceRequested,
  PatternsConfigured,
  PlanSelected,
  ProbeSucceeded,
  ProxiesRegistered,
  ShardAssigned,
} from "./create-events.ts";
import type { DataAlarmCleared, DataAlarmRaised } from "./data-events.ts";
import type {
  AuditArchived,
  DeletionFailed,
  DeletionRequested,
  DrainCompleted,
  NamespaceDeleted,
  ProvidersStopped,
  ProxiesUnregistered,
  TrafficStopped,
} from "./delete-events.ts";
import type {
  DriftDetected,
  DriftRepaired,
  NamespaceDegraded,
  NamespaceRecovered,
  OrphanQuarantined,
  RepairFailed,
} from "./drift-events.ts";
import type { MoveEvent } from "./move-events.ts";
import type {
  ApprovalExpired,
  ApprovalGranted,
  ApprovalRejected,
  ApprovalRequested,
  OperationAbandoned,
  OperationCancelled,
  OperationParked,
  OperationRetried,
  StepFailed,
} from "./operation-events.ts";
import type {
  CleanupBlocked,
  CleanupCompleted,
  ResourceIntended,
  ResourceProvisioned,
  ResourceRemovalIntended,
  ResourceRemoved,
} from "./resource-events.ts";
import type { RelayRewound, RewindFailed, RewindRequested } from "./rewind-events.ts";
import type {
  GroupsDrained,
  PartitionsGrown,
  RelayHeld,
  UpdateApplied,
  UpdateFailed,
  UpdateRequested,
} from "./update-events.ts";

/** All that can happen to a namespace; `api.md` §4 names them, `schema-versions.ts` counts their shapes. */
export type NamespaceEvent =
  | NamespaceRequested
  | PlanSelected
  | ApprovalRequested
  | ApprovalGranted
  | ApprovalRejected
  | ApprovalExpired
  | ShardAssigned
  | ResourceIntended
  | ResourceProvisioned
  | StepFailed
  | PatternsConfigured
  | AccessConfigured
  | ProxiesRegistered
  | ProbeSucceeded
  | NamespaceActivated
  | OperationParked
  | OperationRetried
  | OperationAbandoned
  | OperationCancelled
  | ResourceRemovalIntended
  | ResourceRemoved
  | CleanupBlocked
  | CleanupCompleted
  | NamespaceRejected
  | NamespaceFailed
  | UpdateRequested
  | RelayHeld
  | GroupsDrained
  | UpdateApplied
  | PartitionsGrown
  | UpdateFailed
  | NamespaceDegraded
  | NamespaceRecovered
  | DeletionRequested
  | TrafficStopped
  | DrainCompleted
  | ProvidersStopped
  | AuditArchived
  | ProxiesUnregistered
  | NamespaceDeleted
  | DeletionFailed
  | DriftDetected
  | DriftRepaired
  | RepairFailed
  | OrphanQuarantined
  | DataAlarmRaised
  | DataAlarmCleared
  | RewindRequested
  | RelayRewound
  | RewindFailed
  | MoveEvent;
