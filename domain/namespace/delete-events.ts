import type { Event } from "../event.ts";
import type { Failure, Workflow } from "./event-data.ts";

/** From here proxies refuse new requests and let those in flight end. */
export type DeletionRequested = Event<
  "DeletionRequested",
  {
    readonly namespace: string;
    readonly operation: string;
    readonly workflow: Workflow;
    /** Whose it is: they may see the operation, also once the name is another's. */
    readonly teams: readonly string[];
    /** What there is to remove. */
    readonly resources: readonly string[];
  }
>;

/** Every proxy refuses new requests, and the log is closed in the store: nothing can be added any more. */
export type TrafficStopped = Event<
  "TrafficStopped",
  { readonly directory_version: string; readonly proxies: readonly string[] }
>;

/** The delete's pivot. Of what was acknowledged, so much was relayed, and so much was given up. */
export type DrainCompleted = Event<"DrainCompleted", { readonly drained: number; readonly aborted: number }>;

/** Relays, publishers and tiering of the namespace have ended in every proxy. */
export type ProvidersStopped = Event<
  "ProvidersStopped",
  { readonly directory_version: string; readonly proxies: readonly string[] }
>;

/** Before anything is removed, so that a failure keeps the evidence. `revision`: the last event that is in it. */
export type AuditArchived = Event<
  "AuditArchived",
  { readonly bucket: string; readonly key: string; readonly digest: string; readonly revision: string }
>;

/** The directory has it no more; `NamespaceDeleted` says which proxies have acknowledged that. */
export type ProxiesUnregistered = Event<"ProxiesUnregistered", { readonly shard: string | null }>;

export type NamespaceDeleted = Event<
  "NamespaceDeleted",
  {
    readonly namespace: string;
    readonly directory_version: string;
    readonly proxies: readonly string[];
  }
>;

/** The delete ended before its pivot: the namespace is what it was, and is served again where it was. */
export type DeletionFailed = Event<"DeletionFailed", { readonly namespace: string; readonly error: Failure }>;
