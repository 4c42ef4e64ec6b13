import type { Event } from "../event.ts";
import type { Json } from "../json.ts";
import type { NamespaceRequest } from "../request/request.ts";
import type { Failure, Workflow } from "./event-data.ts";

/** One field of a request, by its dotted name; null where it is left out. */
export type FieldChange = { readonly field: string; readonly from: Json; readonly to: Json };

/** What is in force stays in force until `UpdateApplied`. `request` is the whole of what is to be. */
export type UpdateRequested = Event<
  "UpdateRequested",
  {
    readonly namespace: string;
    readonly operation: string;
    readonly workflow: Workflow;
    readonly request: NamespaceRequest;
    readonly changes: readonly FieldChange[];
    /** As in `NamespaceRequested`. */
    readonly asked_as?: "platform";
  }
>;

/**
 * The update's pivot: what it asked for is in force, and its position is the directory version
 * that proxies have to acknowledge. `version` counts the accepted configurations of this life.
 */
export type UpdateApplied = Event<"UpdateApplied", { readonly version: number }>;

/**
 * A topic is about to get more partitions where order is promised: nothing after this position of the
 * log is relayed until it has them.
 */
export type RelayHeld = Event<"RelayHeld", { readonly topic: string; readonly position: string }>;

/** The groups that were at work are done with everything up to there. */
export type GroupsDrained = Event<
  "GroupsDrained",
  { readonly topic: string; readonly groups: readonly string[] }
>;

/** What is relayed from here on goes over all partitions. */
export type PartitionsGrown = Event<
  "PartitionsGrown",
  { readonly topic: string; readonly from: number; readonly to: number }
>;

/** The old configuration stays in force; an update never deletes. */
export type UpdateFailed = Event<
  "UpdateFailed",
  {
    readonly error: Failure;
    /** Something that the update had added is still there. */
    readonly cleanup_blocked: boolean;
    /** Resources in force that are not as planned: partitions, say, which never shrink. */
    readonly not_restored: readonly string[];
  }
>;
