import type { ErrorCode } from "../errors.ts";
import type { Event } from "../event.ts";
import type { JsonObject } from "../json.ts";
import type { PatternType, Plan, Resource, Trace, Warning } from "../plan.ts";
import type { Access, NamespaceRequest } from "../request/request.ts";

export type Failure = { readonly code: ErrorCode; readonly message: string; readonly details: JsonObject };

/** A name's next life begins. The normalised request is part of the fact: later defaults do not change it. */
export type NamespaceRequested = Event<
  "NamespaceRequested",
  {
    readonly namespace: string;
    readonly request: NamespaceRequest;
    readonly operation: string;
    readonly workflow: { readonly id: string; readonly run_id: string };
  }
>;

/** The plan is part of the fact: a replay provisions what was promised then, not what we would promise now. */
export type PlanSelected = Event<
  "PlanSelected",
  { readonly plan: Plan; readonly trace: Trace; readonly hash: string; readonly warnings: readonly Warning[] }
>;

export type ShardAssigned = Event<"ShardAssigned", { readonly shard: string }>;

/** Written before the backend is touched, so that a crash in between leaves a trace to clean up by. */
export type ResourceIntended = Event<
  "ResourceIntended",
  { readonly resource: Resource; readonly saw_absent: boolean }
>;

/** `identity` names this very thing (a topic id, a table's oid), not its name. */
export type ResourceProvisioned = Event<
  "ResourceProvisioned",
  { readonly resource: Resource; readonly identity: string }
>;

/** One attempt of a step failed. `will_retry: false` decides the operation: it unwinds. */
export type StepFailed = Event<
  "StepFailed",
  {
    readonly step: string;
    readonly attempt: number;
    readonly error: Failure;
    readonly will_retry: boolean;
  }
>;

export type PatternsConfigured = Event<
  "PatternsConfigured",
  { readonly patterns: readonly { readonly type: PatternType; readonly enforced: boolean }[] }
>;

export type AccessConfigured = Event<"AccessConfigured", { readonly access: Access }>;

/** Every live proxy of the shard has this version of the directory in force. */
export type ProxiesRegistered = Event<
  "ProxiesRegistered",
  { readonly directory_version: string; readonly proxies: readonly string[] }
>;

export type ProbeSucceeded = Event<
  "ProbeSucceeded",
  { readonly proxy: string; readonly message_id: string; readonly took_ms: number }
>;

export type NamespaceActivated = Event<"NamespaceActivated", { readonly namespace: string }>;

export type ResourceRemoved = Event<
  "ResourceRemoved",
  { readonly resource: Resource; readonly removed: boolean }
>;

/** Not everything could be undone: the name stays taken until it is. */
export type CleanupBlocked = Event<"CleanupBlocked", { readonly resources: readonly string[] }>;

export type NamespaceFailed = Event<
  "NamespaceFailed",
  { readonly namespace: string; readonly error: Failure; readonly cleanup_blocked: boolean }
>;

export type NamespaceEvent =
  | NamespaceRequested
  | PlanSelected
  | ShardAssigned
  | ResourceIntended
  | ResourceProvisioned
  | StepFailed
  | PatternsConfigured
  | AccessConfigured
  | ProxiesRegistered
  | ProbeSucceeded
  | NamespaceActivated
  | ResourceRemoved
  | CleanupBlocked
  | NamespaceFailed;
