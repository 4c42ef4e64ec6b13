import { unreachable } from "../errors.ts";
import type { Plan, Resource } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";
import type { NamespaceEvent } from "./events.ts";

export type NamespaceStatus =
  | "absent"
  | "provisioning"
  | "awaiting_approval"
  | "active"
  | "degraded"
  | "deleting"
  | "deleted"
  | "failed"
  | "rejected";

export type OwnedResource = {
  readonly resource: Resource;
  readonly state: "intended" | "provisioned" | "removed";
  /** The name was free when the intent was written: what is there now may be ours. */
  readonly sawAbsent: boolean;
  readonly identity: string | undefined;
};

/** What the commands of a namespace are decided on: one name through all its lives. */
export type Namespace = {
  readonly status: NamespaceStatus;
  /** Counts the lives of the name from 1; 0 before the first. */
  readonly incarnation: number;
  readonly request: NamespaceRequest | undefined;
  /** The last operation, ended or not. */
  readonly operation: { readonly id: string; readonly ended: boolean } | undefined;
  readonly plan: Plan | undefined;
  readonly planHash: string | undefined;
  readonly shard: string | undefined;
  readonly resources: ReadonlyMap<string, OwnedResource>;
  readonly patternsConfigured: boolean;
  readonly accessConfigured: boolean;
  readonly registered: boolean;
  readonly probed: boolean;
  /** What a failed operation could not remove; the name is free only when it is empty. */
  readonly blocked: readonly string[];
};

export const absent: Namespace = {
  status: "absent",
  incarnation: 0,
  request: undefined,
  operation: undefined,
  plan: undefined,
  planHash: undefined,
  shard: undefined,
  resources: new Map(),
  patternsConfigured: false,
  accessConfigured: false,
  registered: false,
  probed: false,
  blocked: [],
};

/** One line that names a resource among those of its namespace. */
export const resourceKey = (resource: Resource): string =>
  `${resource.backend} ${resource.kind} ${resource.name}`;

export const streamOf = (namespace: string): string => `namespace-${namespace}`;

/** The namespace after one more fact. Nothing is decided here: what happened, happened. */
export function evolve(namespace: Namespace, event: NamespaceEvent): Namespace {
  switch (event.type) {
    case "NamespaceRequested":
      return {
        ...absent,
        status: "provisioning",
        incarnation: namespace.incarnation + 1,
        request: event.data.request,
        operation: { id: event.data.operation, ended: false },
      };
    case "PlanSelected":
      return { ...namespace, plan: event.data.plan, planHash: event.data.hash };
    case "ShardAssigned":
      return { ...namespace, shard: event.data.shard };
    case "ResourceIntended":
      return withResource(namespace, {
        resource: event.data.resource,
        state: "intended",
        sawAbsent: event.data.saw_absent,
        identity: undefined,
      });
    case "ResourceProvisioned":
      return withResource(namespace, {
        resource: event.data.resource,
        state: "provisioned",
        sawAbsent: true,
        identity: event.data.identity,
      });
    case "ResourceRemoved":
      return withResource(namespace, {
        resource: event.data.resource,
        state: "removed",
        sawAbsent: false,
        identity: undefined,
      });
    case "StepFailed":
      return namespace;
    case "PatternsConfigured":
      return { ...namespace, patternsConfigured: true };
    case "AccessConfigured":
      return { ...namespace, accessConfigured: true };
    case "ProxiesRegistered":
      return { ...namespace, registered: true };
    case "ProbeSucceeded":
      return { ...namespace, probed: true };
    case "NamespaceActivated":
      return { ...ended(namespace), status: "active" };
    case "CleanupBlocked":
      return { ...namespace, blocked: event.data.resources };
    case "NamespaceFailed":
      return { ...ended(namespace), status: "failed" };
    default:
      return unreachable(event);
  }
}

const withResource = (namespace: Namespace, owned: OwnedResource): Namespace => ({
  ...namespace,
  resources: new Map(namespace.resources).set(resourceKey(owned.resource), owned),
});

const ended = (namespace: Namespace): Namespace =>
  namespace.operation === undefined
    ? namespace
    : { ...namespace, operation: { ...namespace.operation, ended: true } };
