import { unreachable } from "../errors.ts";
import type { RecordedEvent } from "../event.ts";
import type { NamespaceEvent } from "../namespace/events.ts";
import type { NamespaceStatus } from "../namespace/namespace.ts";
import type { Plan, Trace, Warning } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";
import type { Projection } from "./projection.ts";

/** What proxies may do with a namespace; `none`: they do not know it. */
export type Serving = "none" | "probing" | "serving" | "draining";

/** What the API lists and shows, and what proxies route by. */
export type NamespaceRow = {
  readonly namespace: string;
  readonly team: string;
  readonly incarnation: number;
  readonly status: Exclude<NamespaceStatus, "absent">;
  readonly client_api: string;
  readonly request: NamespaceRequest;
  /** Counts accepted configurations from 1: the ETag. */
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly shard: string | null;
  readonly plan: Plan | null;
  readonly trace: Trace | null;
  readonly plan_hash: string | null;
  readonly warnings: readonly Warning[];
  /** The last operation, ended or not. */
  readonly operation: {
    readonly id: string;
    readonly kind: "create";
    readonly state: "running" | "succeeded" | "failed";
  };
  readonly serving: Serving;
  /** Position of the last event that changed what proxies must know; "0": none did. */
  readonly directory_version: string;
};

export const namespaces: Projection<NamespaceEvent, NamespaceRow> = {
  name: "namespaces",
  version: 1,
  streams: ["namespace-"],
  temporal: true,
  key: (event) => event.stream.slice("namespace-".length),
  apply(row, event) {
    if (event.type === "NamespaceRequested") return requested(event);
    if (row === undefined) return undefined;
    const next = after(row, event);
    return { ...next, updated_at: event.recordedAt.toISOString() };
  },
};

function requested(
  event: RecordedEvent<Extract<NamespaceEvent, { type: "NamespaceRequested" }>>,
): NamespaceRow {
  const { namespace, request, operation } = event.data;
  return {
    namespace,
    team: request.team,
    incarnation: event.metadata.incarnation,
    status: "provisioning",
    client_api: request.client_api,
    request,
    version: 1,
    created_at: event.recordedAt.toISOString(),
    updated_at: event.recordedAt.toISOString(),
    shard: null,
    plan: null,
    trace: null,
    plan_hash: null,
    warnings: [],
    operation: { id: operation, kind: "create", state: "running" },
    serving: "none",
    directory_version: "0",
  };
}

function after(row: NamespaceRow, event: RecordedEvent<NamespaceEvent>): NamespaceRow {
  const known = (serving: Serving) => ({ serving, directory_version: String(event.position) });
  switch (event.type) {
    case "PlanSelected": {
      const { plan, trace, hash, warnings } = event.data;
      return { ...row, plan, trace, plan_hash: hash, warnings };
    }
    case "ShardAssigned":
      return { ...row, shard: event.data.shard };
    case "AccessConfigured":
      // From here proxies know it, for the probe alone.
      return { ...row, ...known("probing") };
    case "NamespaceActivated":
      return {
        ...row,
        status: "active",
        operation: { ...row.operation, state: "succeeded" },
        ...known("serving"),
      };
    case "NamespaceFailed":
      return {
        ...row,
        status: "failed",
        operation: { ...row.operation, state: "failed" },
        ...(row.serving === "none" ? {} : known("none")),
      };
    case "NamespaceRequested":
    case "ResourceIntended":
    case "ResourceProvisioned":
    case "ResourceRemoved":
    case "StepFailed":
    case "PatternsConfigured":
    case "ProxiesRegistered":
    case "ProbeSucceeded":
    case "CleanupBlocked":
      return row;
    default:
      return unreachable(event);
  }
}
