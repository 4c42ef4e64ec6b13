import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import type { Finding } from "../../../domain/namespace/drift-events.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import type { Growth } from "../../../domain/namespace/growth.ts";
import type { Resource, Selection } from "../../../domain/plan.ts";
import type { NamespaceRequest } from "../../../domain/request/request.ts";
import * as a from "./examples.ts";

/** What may come after, beside and instead of a create: the other operations, and how all of them go wrong. */
export const updating = "33333333-3333-4333-8333-333333333333";
export const deleting = "44444444-4444-4444-8444-444444444444";
export const repairing = "55555555-5555-4555-8555-555555555555";
export const sweep = "66666666-6666-4666-8666-666666666666";
export const rewinding = "77777777-7777-4777-8777-777777777777";
export const moving = "88888888-8888-4888-8888-888888888888";
export const alice = "user:alice";
export const root = "user:root";
export const due = "2026-01-31T00:00:00.000Z";

type Event<Type extends NamespaceEvent["type"]> = Extract<NamespaceEvent, { type: Type }>;

// ── Approval ────────────────────────────────────────────────────────────────
export const overCap = [{ field: "needs.write_rps", because: "150000 is more than 100000" }];
export const askingSelection: Selection = { ...a.selection, approval: overCap };
export const otherSelection: Selection = { ...askingSelection, hash: "def" };
export const plannedOverCap: Event<"PlanSelected"> = {
  type: "PlanSelected",
  data: { ...(a.planned as Event<"PlanSelected">).data, approval: overCap },
};
export const approvalRequested = (plan_hash = "abc"): NamespaceEvent => ({
  type: "ApprovalRequested",
  data: { plan_hash, fields: overCap, requested_by: alice, expires_at: due },
});
export const granted: NamespaceEvent = {
  type: "ApprovalGranted",
  data: { plan_hash: "abc", by: root, comment: null },
};
export const rejected: NamespaceEvent = {
  type: "ApprovalRejected",
  data: { plan_hash: "abc", by: root, reason: "too much" },
};
export const expired: NamespaceEvent = {
  type: "ApprovalExpired",
  data: { plan_hash: "abc", expires_at: due },
};
export const waiting: readonly NamespaceEvent[] = [a.requested, plannedOverCap, approvalRequested()];

// ── What people and circumstances do to an operation ────────────────────────
export const parked: NamespaceEvent = { type: "OperationParked", data: { step: "probe", error: a.outage } };
export const retried: NamespaceEvent = { type: "OperationRetried", data: { step: "probe", by: alice } };
export const abandoned: NamespaceEvent = {
  type: "OperationAbandoned",
  data: { step: "probe", error: a.outage, by: alice },
};
export const cancelled: NamespaceEvent = { type: "OperationCancelled", data: { by: alice } };
export const stepFailed = (step: string, will_retry = true): NamespaceEvent => ({
  type: "StepFailed",
  data: { step, attempt: 1, error: a.outage, will_retry },
});
export const removalIntended = (resource: Resource): NamespaceEvent => ({
  type: "ResourceRemovalIntended",
  data: { resource },
});
export const cleaned: NamespaceEvent = {
  type: "CleanupCompleted",
  data: { resources: ["kafka topic orders-queue"] },
};
export const namespaceRejected: NamespaceEvent = {
  type: "NamespaceRejected",
  data: { namespace: "orders", error: a.outage, cleanup_blocked: false },
};

// ── Update ──────────────────────────────────────────────────────────────────
export const active: readonly NamespaceEvent[] = [...a.ready, a.activated];

const changed = (needs: Partial<NamespaceRequest["needs"]>): NamespaceRequest => ({
  ...a.request,
  needs: { ...a.request.needs, ...needs },
});
export const largerRequest = changed({ write_rps: 1000 });
export const readersRequest: NamespaceRequest = {
  ...a.request,
  access: { ...a.request.access, consumers: [{ service: "billing", access: "read-only" }] },
};
export const protectedRequest: NamespaceRequest = {
  ...a.request,
  policies: { ...a.request.policies, deletion_protection: true },
};
export const largerTopic: Resource = { ...a.topic, config: { partitions: 2 } };
export const largerSelection: Selection = {
  ...a.selection,
  plan: { ...a.selection.plan, resources: [largerTopic, a.table] },
  hash: "larger",
};

export const updateRequested = (request: NamespaceRequest, ...fields: readonly string[]): NamespaceEvent => ({
  type: "UpdateRequested",
  data: {
    namespace: "orders",
    operation: updating,
    workflow: a.workflow,
    request,
    changes: fields.map((field) => ({ field, from: null, to: null })),
  },
});
export const growing: readonly NamespaceEvent[] = [
  ...active,
  updateRequested(largerRequest, "needs.write_rps"),
];
export const openingUp: readonly NamespaceEvent[] = [
  ...active,
  updateRequested(readersRequest, "access.consumers"),
];
export const largerPlanned: Event<"PlanSelected"> = {
  type: "PlanSelected",
  data: { plan: largerSelection.plan, trace: a.selection.trace, hash: "larger", warnings: [] },
};
export const grown: readonly NamespaceEvent[] = [
  ...growing,
  largerPlanned,
  a.intended(largerTopic),
  a.provisioned(largerTopic),
];
export const applied: NamespaceEvent = { type: "UpdateApplied", data: { version: 2 } };
export const updateFailed = (...not_restored: readonly string[]): NamespaceEvent => ({
  type: "UpdateFailed",
  data: { error: a.outage, cleanup_blocked: false, not_restored },
});

// ── Delete ──────────────────────────────────────────────────────────────────
export const deletionRequested: NamespaceEvent = {
  type: "DeletionRequested",
  data: {
    namespace: "orders",
    operation: deleting,
    workflow: a.workflow,
    teams: ["payments-team", "audit-team"],
    resources: ["kafka topic orders-queue", "postgres wal-table wal_orders"],
  },
};
const everyone = { directory_version: "20", proxies: ["proxy-1"] };
export const growth: Growth = {
  topic: "orders-queue",
  log: "wal_orders",
  before: 10,
  partitions: 20,
  ordered: true,
};
export const relayHeld: NamespaceEvent = {
  type: "RelayHeld",
  data: { topic: "orders-queue", position: "17" },
};
export const stopped: NamespaceEvent = { type: "TrafficStopped", data: everyone };
export const drained: NamespaceEvent = { type: "DrainCompleted", data: { drained: 7, aborted: 1 } };
export const providersStopped: NamespaceEvent = { type: "ProvidersStopped", data: everyone };
export const archived: NamespaceEvent = {
  type: "AuditArchived",
  data: { bucket: "prism-archive", key: "orders/1.json.gz", digest: "d1", revision: "15" },
};
export const unregistered: NamespaceEvent = { type: "ProxiesUnregistered", data: { shard: "shard-1" } };
export const deleted: NamespaceEvent = {
  type: "NamespaceDeleted",
  data: { namespace: "orders", ...everyone },
};
export const deletionFailed: NamespaceEvent = {
  type: "DeletionFailed",
  data: { namespace: "orders", error: a.outage },
};
/** Everything up to the point where the resources may go. */
export const emptied: readonly NamespaceEvent[] = [
  ...active,
  deletionRequested,
  stopped,
  drained,
  providersStopped,
  archived,
];
export const gone: readonly NamespaceEvent[] = [
  ...emptied,
  removalIntended(a.topic),
  a.removed(a.topic),
  removalIntended(a.table),
  a.removed(a.table),
  unregistered,
  deleted,
];

// ── Drift ───────────────────────────────────────────────────────────────────
export const finding: Finding = {
  class: "missing",
  resource: "kafka topic orders-queue",
  fields: [],
  because: "the topic is not there",
};
export const driftDetected = (findings: readonly Finding[] = [finding], repairs = true): NamespaceEvent => ({
  type: "DriftDetected",
  data: {
    namespace: "orders",
    findings,
    repair: repairs
      ? { operation: repairing, workflow: a.workflow, teams: ["payments-team", "audit-team"] }
      : null,
  },
});
export const driftRepaired: NamespaceEvent = {
  type: "DriftRepaired",
  data: { resources: ["kafka topic orders-queue"] },
};
export const repairFailed: NamespaceEvent = { type: "RepairFailed", data: { error: a.outage } };
export const degraded: NamespaceEvent = {
  type: "NamespaceDegraded",
  data: { namespace: "orders", because: "a broker is away" },
};
export const recovered: NamespaceEvent = { type: "NamespaceRecovered", data: { namespace: "orders" } };
export const orphan = { backend: "redis", kind: "acl-user", name: "orders" } as const;
export const quarantined: NamespaceEvent = {
  type: "OrphanQuarantined",
  data: { resource: orphan, because: "no plan has it" },
};

export const dataAlarmRaised: NamespaceEvent = {
  type: "DataAlarmRaised",
  data: { namespace: "orders", data_bytes: 800_000_000, data_size: "1GB" },
};
export const dataAlarmCleared: NamespaceEvent = {
  type: "DataAlarmCleared",
  data: { namespace: "orders", data_bytes: 749_999_999, data_size: "1GB" },
};

// ── Rewind ──────────────────────────────────────────────────────────────────
export const rewindRequested: NamespaceEvent = {
  type: "RewindRequested",
  data: {
    namespace: "orders",
    operation: rewinding,
    workflow: a.workflow,
    teams: ["payments-team", "audit-team"],
  },
};
export const rewound: NamespaceEvent = { type: "RelayRewound", data: { messages: 7, from: "12" } };
export const rewindFailed: NamespaceEvent = { type: "RewindFailed", data: { error: a.outage } };

// ── Move ────────────────────────────────────────────────────────────────────
export const moveRequested: NamespaceEvent = {
  type: "MoveRequested",
  data: {
    namespace: "orders",
    operation: moving,
    workflow: a.workflow,
    teams: ["payments-team", "audit-team"],
    from: "shard-1",
    to: "shard-2",
  },
};
export const targetOpened: NamespaceEvent = { type: "TargetOpened", data: { shard: "shard-2" } };
export const moved: NamespaceEvent = {
  type: "NamespaceMoved",
  data: {
    from: "shard-1",
    to: "shard-2",
    endpoints: [{ address: "127.0.0.1:8982", region: "local" }],
  },
};
export const sourceClosed: NamespaceEvent = { type: "SourceClosed", data: { shard: "shard-1" } };
export const sourceDrained: NamespaceEvent = {
  type: "SourceDrained",
  data: { shard: "shard-1", directory_version: "20", proxies: ["proxy-1"], aborted: 0 },
};
export const moveCompleted: NamespaceEvent = {
  type: "MoveCompleted",
  data: { namespace: "orders", from: "shard-1", to: "shard-2" },
};
export const targetClosed: NamespaceEvent = { type: "TargetClosed", data: { shard: "shard-2" } };
export const moveFailed = (cleanup_blocked = false): NamespaceEvent => ({
  type: "MoveFailed",
  data: { namespace: "orders", error: a.outage, cleanup_blocked },
});
/** Up to where clients are told of it. */
export const moveable = [moveRequested, targetOpened, a.registered, a.probed] as const;

/** A command of another operation than the create's. */
export const as = <C extends NamespaceCommand>(operation: string, command: C): C => ({
  ...command,
  operation,
});
