import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import type { Failure } from "../../../domain/namespace/event-data.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import type { Resource, Selection } from "../../../domain/plan.ts";
import type { NamespaceRequest } from "../../../domain/request/request.ts";

/** A small namespace's create, event by event, for the tests to begin anywhere in it; `lives.ts` goes on. */
export const operation = "11111111-1111-4111-8111-111111111111";
export const another = "22222222-2222-4222-8222-222222222222";

export const request: NamespaceRequest = {
  namespace: "orders",
  team: "payments-team",
  client_api: "queue",
  needs: {
    durability: "strong",
    consistency: "eventual",
    write_rps: 100,
    read_rps: 100,
    concurrent_connections: 100,
    data_size: "1GB",
    retention: "7days",
    max_message_size: "1MB",
    ordered: false,
  },
  access: { owners: [{ team: "audit-team" }], consumers: [{ service: "order-api", access: "read-write" }] },
  policies: {
    pii_handling: "disabled",
    audit_logging: "disabled",
    compliance: "none",
    deletion_protection: false,
  },
};

export const topic: Resource = {
  backend: "kafka",
  kind: "topic",
  name: "orders-queue",
  config: { partitions: 1 },
};
export const table: Resource = { backend: "postgres", kind: "wal-table", name: "wal_orders", config: {} };

export const selection: Selection = {
  plan: {
    ruleset: "rfc-027/1",
    patterns: [{ type: "wal", version: 1, config: {} }],
    backend: { type: "kafka", config: { topic: "orders-queue" } },
    resources: [topic, table],
    policies: [],
  },
  trace: { rules: [], backends: [], flips: [] } as unknown as Selection["trace"],
  hash: "abc",
  warnings: [],
  approval: [],
};

export const outage: Failure = { code: "BACKEND_UNAVAILABLE", message: "Kafka did not answer", details: {} };
export const workflow = { id: "namespace/orders", run_id: "run-1" };

export const requestIt: NamespaceCommand = { type: "RequestNamespace", operation, request, workflow };
export const selectIt: NamespaceCommand = { type: "SelectPlan", operation, selection };
export const activateIt: NamespaceCommand = { type: "ActivateNamespace", operation };
export const failIt: NamespaceCommand = { type: "FailNamespace", operation, error: outage, blocked: [] };
export const confirm = (resource: Resource, identity = "id-1"): NamespaceCommand => ({
  type: "ConfirmResource",
  operation,
  resource,
  identity,
});
export const intend = (resource: Resource): NamespaceCommand => ({
  type: "IntendResource",
  operation,
  resource,
  sawAbsent: true,
});

export const requested: NamespaceEvent = {
  type: "NamespaceRequested",
  data: { namespace: "orders", request, operation, workflow },
};
export const planned: NamespaceEvent = {
  type: "PlanSelected",
  data: { plan: selection.plan, trace: selection.trace, hash: "abc", warnings: [] },
};
export const placed: NamespaceEvent = { type: "ShardAssigned", data: { shard: "shard-1" } };
export const intended = (resource: Resource, saw_absent = true): NamespaceEvent => ({
  type: "ResourceIntended",
  data: { resource, saw_absent },
});
export const provisioned = (resource: Resource, identity = "id-1"): NamespaceEvent => ({
  type: "ResourceProvisioned",
  data: { resource, identity },
});
export const configured: NamespaceEvent = { type: "PatternsConfigured", data: { patterns: [] } };
export const opened: NamespaceEvent = { type: "AccessConfigured", data: { access: request.access } };
export const registered: NamespaceEvent = {
  type: "ProxiesRegistered",
  data: { directory_version: "7", proxies: ["proxy-1"] },
};
export const probed: NamespaceEvent = {
  type: "ProbeSucceeded",
  data: { proxy: "proxy-1", message_id: "m-1", took_ms: 3 },
};
export const activated: NamespaceEvent = { type: "NamespaceActivated", data: { namespace: "orders" } };
export const removed = (resource: Resource): NamespaceEvent => ({
  type: "ResourceRemoved",
  data: { resource, removed: true },
});
export const blocked: NamespaceEvent = {
  type: "CleanupBlocked",
  data: { resources: ["kafka topic orders-queue"] },
};
export const failed = (cleanup_blocked = false): NamespaceEvent => ({
  type: "NamespaceFailed",
  data: { namespace: "orders", error: outage, cleanup_blocked },
});

/** Everything up to the point where only the activation is missing. */
export const ready: readonly NamespaceEvent[] = [
  requested,
  planned,
  placed,
  intended(topic),
  intended(table),
  provisioned(topic),
  provisioned(table),
  configured,
  opened,
  registered,
  probed,
];
