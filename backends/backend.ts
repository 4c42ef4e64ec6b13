import type { BackendKind, Resource } from "../domain/plan.ts";

/** Whose a resource is. Written into the backend as owner tag wherever it has a place for one. */
export type Owner = { readonly namespace: string; readonly incarnation: number };

/** What the event store knows of the resource; for backends that have no place for an owner tag. */
export type Claim = {
  /** What `ensure` answered when it made the resource, if that was recorded. */
  readonly identity?: string;
  /** An open intent that saw the name absent. */
  readonly intended: boolean;
};

export type Observed =
  | { readonly state: "absent" }
  /** `identity` names this very thing, not its name: a topic id, a table's oid. */
  | { readonly state: "ready"; readonly identity: string }
  | { readonly state: "drifted"; readonly identity: string; readonly drift: readonly Drift[] }
  /** Somebody else's: never touched. */
  | { readonly state: "foreign"; readonly identity: string; readonly because: string };

export type Drift = { readonly field: string; readonly planned: string; readonly actual: string };

export type Call = { readonly owner: Owner; readonly claim: Claim; readonly signal: AbortSignal };

/**
 * The control side of a backend. All three are idempotent and may be cut off at any
 * moment by a crash; the next call finds what is there and goes on.
 *
 * Errors: `BACKEND_UNAVAILABLE` (wait and repeat), `INVALID_CONFIGURATION` (the backend
 * refuses the configuration), `INTERNAL` (foreign resource in the way).
 */
export interface Backend {
  readonly kind: BackendKind;
  observe(resource: Resource, call: Call): Promise<Observed>;
  /** Leaves the resource as planned, whatever it was before, and answers its identity. Refuses a foreign one. */
  ensure(resource: Resource, call: Call): Promise<{ identity: string }>;
  /** Leaves nothing of it. Absent: success. Foreign: left alone, `removed` is false. */
  remove(resource: Resource, call: Call): Promise<{ removed: boolean }>;
  /** Resolves when the backend answers; rejects with `BACKEND_UNAVAILABLE`. */
  health(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
