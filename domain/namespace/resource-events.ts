import type { Event } from "../event.ts";
import type { Resource } from "../plan.ts";

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

export type ResourceRemovalIntended = Event<"ResourceRemovalIntended", { readonly resource: Resource }>;

/** Nothing of it is left that is ours; `removed: false`: there was nothing, or it was somebody else's. */
export type ResourceRemoved = Event<
  "ResourceRemoved",
  { readonly resource: Resource; readonly removed: boolean }
>;

/** Not everything could be undone: the name stays taken until it is. */
export type CleanupBlocked = Event<"CleanupBlocked", { readonly resources: readonly string[] }>;

/** What was blocked is gone: nothing of the operation is left. */
export type CleanupCompleted = Event<"CleanupCompleted", { readonly resources: readonly string[] }>;
