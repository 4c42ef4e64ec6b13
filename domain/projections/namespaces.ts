import { unreachable } from "../errors.ts";
import type { RecordedEvent } from "../event.ts";
import type { NamespaceRequested, RegisteredEndpoint } from "../namespace/create-events.ts";
import type { Finding } from "../namespace/drift-events.ts";
import type { NamespaceEvent } from "../namespace/events.ts";
import { beginning, begunBy, type Progress, proceed } from "../namespace/progress.ts";
import type { NamespaceStatus } from "../namespace/status.ts";
import { isLarge } from "../shard/placement.ts";
import { type Configuration, inForce, planned, unplanned } from "./configuration.ts";
import type { Projection } from "./projection.ts";
import { type Beside, besideAfter, type Serving, servingAfter } from "./serving.ts";

type Status = Exclude<NamespaceStatus, "absent">;

/** What the API lists and shows, and what proxies route by. */
export type NamespaceRow = Configuration & {
  readonly namespace: string;
  readonly team: string;
  readonly incarnation: number;
  readonly status: Status;
  readonly client_api: string;
  /** Counts accepted configurations from 1: the ETag. */
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly shard: string | null;
  /** Its shard is a dedicated one: it was as large as that when it was placed there. */
  readonly alone: boolean;
  /** A shard that may serve it too, while it is moved. */
  readonly beside: Beside | null;
  /** Its name, by which its entries are found. */
  readonly beside_shard: string | null;
  /** The last operation, ended or not. */
  readonly operation: { readonly id: string } & Progress;
  readonly serving: Serving;
  /** Where it was served when proxies last registered it: what a look at the past answers. */
  readonly served_at: readonly RegisteredEndpoint[];
  /** Position of the last event that changed what proxies must know; "0": none did. */
  readonly directory_version: string;
  /** What an update under way asks for: not in force. */
  readonly next: Configuration | null;
  /** What it was before the delete under way, and is again where that fails. */
  readonly before: { readonly status: Status; readonly serving: Serving } | null;
  /** Why it is degraded. */
  readonly trouble: string | null;
  /** What the last look at the backends found. */
  readonly drift: readonly Finding[];
  /** It keeps nearly all that it reserves. */
  readonly data_alarm: boolean;
};

export const namespaces: Projection<NamespaceEvent, NamespaceRow> = {
  name: "namespaces",
  version: 8,
  streams: ["namespace-"],
  temporal: true,
  key: (event) => event.stream.slice("namespace-".length),
  apply(row, event) {
    const known = event.type === "NamespaceRequested" ? requested(event) : row;
    if (known === undefined) return undefined;
    const operation = operationAfter(known, event);
    const serving = servingAfter(event, known);
    const beside = besideAfter(event);
    const applied = after({ ...known, operation }, event);
    const told = serving ?? (applied.beside && beside);
    const next = {
      ...applied,
      ...(serving === undefined ? {} : { serving }),
      ...(applied.beside && beside ? { beside: { ...applied.beside, serving: beside } } : {}),
      ...(told ? { directory_version: String(event.position) } : {}),
    };
    // Half of all events say nothing to this question: a past is not kept of what did not change.
    return known === row && isSame(next, known)
      ? known
      : { ...next, updated_at: event.recordedAt.toISOString() };
  },
};

const isSame = (a: NamespaceRow, b: NamespaceRow): boolean =>
  (Object.keys(a) as (keyof NamespaceRow)[]).every((field) => a[field] === b[field]);

function requested(event: RecordedEvent<NamespaceRequested>): NamespaceRow {
  const { namespace, request, operation } = event.data;
  return {
    namespace,
    team: request.team,
    incarnation: event.metadata.incarnation,
    status: "provisioning",
    client_api: request.client_api,
    ...unplanned(request),
    version: 1,
    created_at: event.recordedAt.toISOString(),
    updated_at: event.recordedAt.toISOString(),
    shard: null,
    alone: false,
    ...besides(null),
    operation: { id: operation, ...beginning("create") },
    serving: "none",
    served_at: [],
    directory_version: "0",
    next: null,
    before: null,
    trouble: null,
    drift: [],
    data_alarm: false,
  };
}

function operationAfter({ operation }: NamespaceRow, event: NamespaceEvent): NamespaceRow["operation"] {
  const begins = begunBy(event);
  if (begins !== undefined) return { id: begins.operation, ...beginning(begins.kind) };
  const progress = proceed(operation, event);
  return progress === operation ? operation : { ...progress, id: operation.id };
}

function after(row: NamespaceRow, event: RecordedEvent<NamespaceEvent>): NamespaceRow {
  switch (event.type) {
    case "PlanSelected":
      if (row.operation.kind === "update") return { ...row, next: row.next && planned(row.next, event) };
      return { ...planned(row, event), status: decided(row) };
    case "ApprovalRequested":
      return row.operation.kind === "create" ? { ...row, status: "awaiting_approval" } : row;
    case "ApprovalGranted":
    case "ApprovalRejected":
    case "ApprovalExpired":
    case "OperationCancelled":
      return { ...row, status: decided(row) };
    case "ShardAssigned":
      return { ...row, shard: event.data.shard, alone: isLarge(row.request.needs) };
    case "MoveRequested":
      return { ...row, ...besides({ shard: event.data.to, serving: "none" }) };
    case "NamespaceMoved": {
      const { from: shard, to, endpoints } = event.data;
      const alone = isLarge(row.request.needs);
      return { ...row, shard: to, alone, served_at: endpoints, ...besides({ shard, serving: row.serving }) };
    }
    case "MoveCompleted":
      return { ...row, ...besides(null) };
    case "MoveFailed":
      return event.data.cleanup_blocked ? row : { ...row, ...besides(null) };
    case "NamespaceActivated":
      return { ...row, status: "active" };
    case "NamespaceFailed":
      return { ...row, status: "failed" };
    case "NamespaceRejected":
      return { ...row, status: "rejected" };
    case "UpdateRequested":
      return { ...row, next: unplanned(event.data.request) };
    case "UpdateApplied":
      return { ...row, ...inForce(row), version: event.data.version, next: null };
    case "UpdateFailed":
      return { ...row, next: null };
    case "NamespaceDegraded":
      return { ...row, status: "degraded", trouble: event.data.because };
    case "NamespaceRecovered":
      return { ...row, status: "active", trouble: null };
    case "DeletionRequested":
      return { ...row, status: "deleting", before: { status: row.status, serving: row.serving } };
    case "DeletionFailed":
      return { ...row, status: row.before?.status ?? row.status, before: null };
    case "NamespaceDeleted":
      return { ...row, status: "deleted", before: null };
    case "DriftDetected":
      return { ...row, drift: event.data.findings };
    case "DriftRepaired":
      return { ...row, drift: [] };
    case "DataAlarmRaised":
      return { ...row, data_alarm: true };
    case "DataAlarmCleared":
      return { ...row, data_alarm: false };
    case "ProxiesRegistered":
      // Of the shard that it is moved to nobody is told before it is moved.
      if (row.operation.kind === "move") return row;
      return { ...row, served_at: event.data.endpoints ?? row.served_at };
    case "NamespaceRequested":
    case "ResourceIntended":
    case "ResourceProvisioned":
    case "ResourceRemovalIntended":
    case "ResourceRemoved":
    case "StepFailed":
    case "PatternsConfigured":
    case "AccessConfigured":
    case "ProbeSucceeded":
    case "OperationParked":
    case "OperationRetried":
    case "OperationAbandoned":
    case "CleanupBlocked":
    case "CleanupCompleted":
    case "RelayHeld":
    case "GroupsDrained":
    case "PartitionsGrown":
    case "TrafficStopped":
    case "DrainCompleted":
    case "ProvidersStopped":
    case "AuditArchived":
    case "ProxiesUnregistered":
    case "RepairFailed":
    case "OrphanQuarantined":
    case "RewindRequested":
    case "RelayRewound":
    case "RewindFailed":
    case "TargetOpened":
    case "TargetClosed":
    case "SourceClosed":
    case "SourceDrained":
      return row;
    default:
      return unreachable(event);
  }
}

const besides = (beside: Beside | null) => ({ beside, beside_shard: beside?.shard ?? null });

/** A create that waits no longer goes on, or is being undone. */
const decided = ({ status }: NamespaceRow): Status =>
  status === "awaiting_approval" ? "provisioning" : status;
