import type { PatternType, Resource, Selection } from "../plan.ts";
import type { Access, NamespaceRequest } from "../request/request.ts";
import type { RegisteredEndpoint } from "./create-events.ts";
import type { Finding } from "./drift-events.ts";
import type { Failure, Workflow } from "./event-data.ts";
import type { Growth } from "./growth.ts";

type Ask<Type extends string, More = unknown> = {
  readonly type: Type;
  readonly operation: string;
} & Readonly<More>;

/** `asker`: the platform, or a member of a team unless said. */
type Asked = { request: NamespaceRequest; workflow: Workflow; asker?: "team" | "platform" };

/** Begins an operation; one that was begun before is quiet, ended or not. */
export type BeginCommand =
  | Ask<"RequestNamespace", Asked>
  /** `request` is the whole of what is to be; `ifVersion` is refused where the namespace has another one. */
  | Ask<"RequestUpdate", Asked & { ifVersion?: number | undefined }>
  /** `confirm` has to be the namespace's name; `ifVersion` as of an update. */
  | Ask<
      "RequestDeletion",
      { confirm: string | undefined; workflow: Workflow; ifVersion?: number | undefined }
    >
  /** Sends again what the log holds of the last hour. */
  | Ask<"RequestRewind", { workflow: Workflow }>
  /** `to`: the shard that is to serve it. */
  | Ask<"RequestMove", { to: string; workflow: Workflow }>
  /** What a sweep found; with a workflow it sets out to repair it under the namespace's own lock. */
  | Ask<"DetectDrift", { findings: readonly Finding[]; repair: Workflow | null }>;

/** What somebody saw of the namespace. `operation` is the observer's own. */
export type Observation =
  | Ask<"DegradeNamespace", { because: string }>
  | Ask<"RecoverNamespace">
  | Ask<"QuarantineOrphan", { resource: Omit<Resource, "config">; because: string }>
  /** What this life keeps in all backends together. */
  | Ask<"ReportData", { incarnation: number; bytes: number }>;

/** What people decide about an operation. `by` is who does. */
export type Intervention =
  /** `planHash`: what was looked at; `today`: what selection chooses now; `at`: RFC 3339. */
  | Ask<"GrantApproval", { by: string; planHash: string; today: string; at: string; comment?: string }>
  | Ask<"RejectApproval", { by: string; planHash: string; reason: string }>
  | Ask<"RetryOperation", { by: string }>
  | Ask<"AbandonOperation", { by: string }>
  | Ask<"CancelOperation", { by: string }>;

/** A step that an operation takes once, and only forward. */
export type Step =
  | Ask<"SelectPlan", { selection: Selection }>
  | Ask<"AssignShard", { shard: string }>
  | Ask<
      "ConfigurePatterns",
      { patterns: readonly { readonly type: PatternType; readonly enforced: boolean }[] }
    >
  | Ask<"ConfigureAccess", { access: Access }>
  | Ask<"RegisterProxies", Acknowledged & { endpoints?: readonly RegisteredEndpoint[] }>
  | Ask<"ConfirmProbe", { proxy: string; messageId: string; tookMs: number }>
  | Ask<"ActivateNamespace">
  | Ask<"HoldRelay", { topic: string; position: string }>
  | Ask<"ConfirmGroups", { topic: string; groups: readonly string[] }>
  | Ask<"ApplyUpdate">
  | Ask<"GrowPartitions", { growth: Growth }>
  | Ask<"StopTraffic", Acknowledged>
  | Ask<"CompleteDrain", { drained: number; aborted: number }>
  | Ask<"StopProviders", Acknowledged>
  | Ask<"ArchiveAudit", { bucket: string; key: string; digest: string; revision: string }>
  | Ask<"UnregisterProxies">
  | Ask<"CompleteDeletion", Acknowledged>
  | Ask<"CompleteRepair", { resources: readonly string[] }>
  /** `from`: the position of the first one; undefined where there was none. */
  | Ask<"CompleteRewind", { messages: number; from: string | undefined }>
  | Ask<"OpenTarget">
  | Ask<"MoveNamespace", { endpoints: readonly RegisteredEndpoint[] }>
  | Ask<"CloseSource">
  | Ask<"DrainSource", Acknowledged & { aborted: number }>
  | Ask<"CompleteMove">;

/** Who has the directory in force, and from which version on. */
type Acknowledged = { directoryVersion: string; proxies: readonly string[] };

/** The waiting for a platform member's word. Times are RFC 3339. */
export type Waiting =
  | Ask<"RequestApproval", { requestedBy: string; expiresAt: string }>
  /** Quiet while selection still chooses the plan that waits; another one waits in its place. */
  | Ask<"RenewPlan", { selection: Selection; expiresAt: string }>
  | Ask<"ExpireApproval", { at: string }>;

export type ResourceCommand =
  | Ask<"IntendResource", { resource: Resource; sawAbsent: boolean }>
  | Ask<"ConfirmResource", { resource: Resource; identity: string }>
  | Ask<"IntendRemoval", { resource: Resource }>
  | Ask<"ConfirmRemoval", { resource: Resource; removed: boolean }>
  /** What an undo gave up on, by its name: a resource's key, `quota` or `log`. */
  | Ask<"ReportBlockedCleanup", { resources: readonly string[] }>
  | Ask<"CompleteCleanup">;

/** How an operation goes badly. `blocked`: names of what could not be undone; empty: nothing is left behind. */
export type Setback =
  /** Undoes `OpenTarget`. */
  | Ask<"CloseTarget">
  | Ask<"ReportStepFailure", { step: string; attempt: number; error: Failure; willRetry: boolean }>
  | Ask<"ParkOperation", { step: string; error: Failure }>
  | FailCommand;

export type FailCommand =
  | Ask<"FailNamespace", { error: Failure; blocked: readonly string[] }>
  | Ask<"FailUpdate", { error: Failure; blocked: readonly string[] }>
  | Ask<"FailDeletion", { error: Failure; blocked: readonly string[] }>
  | Ask<"FailRepair", { error: Failure }>
  | Ask<"FailRewind", { error: Failure }>
  /** `blocked`: empty where every proxy of the new shard has forgotten it. */
  | Ask<"FailMove", { error: Failure; blocked: readonly string[] }>;

/** What is asked of a namespace. All name an operation: a step of another than the one under way is refused. */
export type NamespaceCommand =
  | BeginCommand
  | Observation
  | Intervention
  | Step
  | Waiting
  | ResourceCommand
  | Setback;

export type Command<Type extends NamespaceCommand["type"]> = Extract<NamespaceCommand, { type: Type }>;
