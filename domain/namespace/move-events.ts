import type { Event } from "../event.ts";
import type { RegisteredEndpoint } from "./create-events.ts";
import type { Failure, Workflow } from "./event-data.ts";

/** Somebody wants it to be served by another shard. Nothing of what it holds is touched. */
export type MoveRequested = Event<
  "MoveRequested",
  {
    readonly namespace: string;
    readonly operation: string;
    readonly workflow: Workflow;
    /** Whose it is: they may see the operation. */
    readonly teams: readonly string[];
    readonly from: string;
    readonly to: string;
  }
>;

/** The new shard's proxies serve it beside those of its own; nobody is told of them yet. */
export type TargetOpened = Event<"TargetOpened", { readonly shard: string }>;

/** The move's pivot: clients are told of the new shard's proxies. Those of the old one go on serving. */
export type NamespaceMoved = Event<
  "NamespaceMoved",
  { readonly from: string; readonly to: string; readonly endpoints: readonly RegisteredEndpoint[] }
>;

/** Whoever still asks the old shard's proxies is sent away, and what they have taken is answered. */
export type SourceClosed = Event<"SourceClosed", { readonly shard: string }>;

/** None of the old shard's proxies serves it any more, and all that may know of it are told to forget it. */
export type SourceDrained = Event<
  "SourceDrained",
  {
    readonly shard: string;
    readonly directory_version: string;
    readonly proxies: readonly string[];
    /** Calls that had not ended by their time. */
    readonly aborted: number;
  }
>;

/** Ends a move: the old shard has nothing to do with it any more. */
export type MoveCompleted = Event<
  "MoveCompleted",
  { readonly namespace: string; readonly from: string; readonly to: string }
>;

/** A move is undone: the new shard's proxies forget the namespace. */
export type TargetClosed = Event<"TargetClosed", { readonly shard: string }>;

/** Ends a move; the namespace is where it was. */
export type MoveFailed = Event<
  "MoveFailed",
  {
    readonly namespace: string;
    readonly error: Failure;
    /** A proxy of the new shard may still serve it: whoever takes rights away waits for that shard, too. */
    readonly cleanup_blocked: boolean;
  }
>;

export type MoveEvent =
  | MoveRequested
  | TargetOpened
  | NamespaceMoved
  | SourceClosed
  | SourceDrained
  | MoveCompleted
  | TargetClosed
  | MoveFailed;
