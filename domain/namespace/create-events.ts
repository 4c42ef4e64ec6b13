import type { Event } from "../event.ts";
import type { PatternType, Plan, Trace, Warning } from "../plan.ts";
import type { Approval } from "../request/boundary.ts";
import type { Access, NamespaceRequest } from "../request/request.ts";
import type { Failure, Workflow } from "./event-data.ts";

/** A name's next life begins. The normalised request is part of the fact: later defaults do not change it. */
export type NamespaceRequested = Event<
  "NamespaceRequested",
  {
    readonly namespace: string;
    readonly request: NamespaceRequest;
    readonly operation: string;
    readonly workflow: Workflow;
    /** The platform asked, whose own advanced fields need no approval; absent: a member of a team did. */
    readonly asked_as?: "platform";
  }
>;

/**
 * The plan is part of the fact: a replay provisions what was promised then, not what we would promise now.
 * Of an update it is the plan that is to be; what is in force changes with `UpdateApplied`.
 */
export type PlanSelected = Event<
  "PlanSelected",
  {
    readonly plan: Plan;
    readonly trace: Trace;
    readonly hash: string;
    readonly warnings: readonly Warning[];
    /** The fields that need a platform member's word first; absent: none does. */
    readonly approval?: readonly Approval[];
  }
>;

export type ShardAssigned = Event<"ShardAssigned", { readonly shard: string }>;

export type PatternsConfigured = Event<
  "PatternsConfigured",
  { readonly patterns: readonly { readonly type: PatternType; readonly enforced: boolean }[] }
>;

/** From here the shard's proxies know the namespace; they serve only Prism's probe. */
export type AccessConfigured = Event<"AccessConfigured", { readonly access: Access }>;

export type RegisteredEndpoint = { readonly address: string; readonly region: string };

/** Every live proxy of the shard has this version of the directory in force. Ends an update. */
export type ProxiesRegistered = Event<
  "ProxiesRegistered",
  {
    readonly directory_version: string;
    readonly proxies: readonly string[];
    /** Where it was served then; leases know only where it is served now. */
    readonly endpoints?: readonly RegisteredEndpoint[];
  }
>;

export type ProbeSucceeded = Event<
  "ProbeSucceeded",
  { readonly proxy: string; readonly message_id: string; readonly took_ms: number }
>;

/** The create's pivot and its end: the namespace holds its clients' data from here on. */
export type NamespaceActivated = Event<"NamespaceActivated", { readonly namespace: string }>;

/** A create ends without a namespace: it failed, was cancelled or abandoned. */
export type NamespaceFailed = Event<
  "NamespaceFailed",
  { readonly namespace: string; readonly error: Failure; readonly cleanup_blocked: boolean }
>;

/** A create ends without a namespace: its plan was rejected, or nobody decided on it in time. */
export type NamespaceRejected = Event<
  "NamespaceRejected",
  { readonly namespace: string; readonly error: Failure; readonly cleanup_blocked: boolean }
>;
