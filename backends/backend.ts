import type { BackendKind, Resource } from "../domain/plan.ts";
import type { Thing } from "../domain/reconcile/thing.ts";

/** Whose a resource is. Written into the backend as owner tag wherever it has a place for one. */
export type Owner = { readonly namespace: string; readonly incarnation: number };

/** What the event store knows of the resource; for backends that have no place for an owner tag. */
export type Claim = {
  /** What `ensure` answered when it made the resource, if that was recorded. */
  readonly identity?: string;
  /** An open intent that saw the name absent, or taken by a dead thing of our own. */
  readonly intended: boolean;
  /** The same of another resource in the same place: a bucket may be there for its sake. */
  readonly beside?: boolean;
  /** Identities recorded in finished lives of the name: what still bears one is ours and dead. */
  readonly dead?: readonly string[];
};

export type Observed =
  | { readonly state: "absent" }
  /** `identity` names this very thing, not its name: a topic id, a table's oid. */
  | { readonly state: "ready"; readonly identity: string }
  | { readonly state: "drifted"; readonly identity: string; readonly drift: readonly Drift[] }
  /** Left over from a finished life of the same name: ours. `ensure` removes it before it makes its own. */
  | { readonly state: "dead"; readonly identity: string; readonly because: string }
  /** Somebody else's: never touched. */
  | { readonly state: "foreign"; readonly identity: string; readonly because: string };

/** One field that is not as planned. All that differ are named, each once. */
export type Drift = { readonly field: string; readonly planned: string; readonly actual: string };

export type Call = { readonly owner: Owner; readonly claim: Claim; readonly signal: AbortSignal };

/**
 * A namespace's own way into the backend, which reaches what is its own and nothing else;
 * or why this server cannot give it one. Its password is derived (`backends/logins.ts`).
 */
export type Login =
  | {
      readonly user: string;
      /** What it can see of other namespaces all the same; left out: nothing. */
      readonly seeing?: string;
    }
  | { readonly none: string };

/** `login` is left out where the resource is nothing that a client of the namespace reaches by itself. */
export type Ensured = { readonly identity: string; readonly login?: Login };

/**
 * `used`: what is in use of what may run out, by name; bytes and counts. `version`: where the server tells it.
 * `warning`: what of its configuration will cost somebody something, and the cure.
 */
export type Usage = {
  readonly version: string | null;
  readonly used: Readonly<Record<string, number>>;
  readonly warning?: string;
};

/**
 * What a resource keeps, in bytes; copies that the backend makes for its own safety count once.
 * `estimated`: not all of it was looked at, which would have cost too much.
 */
export type Size = { readonly bytes: number; readonly estimated: boolean };

/**
 * The control side of a backend. All verbs are idempotent and may be cut off at any
 * moment by a crash; the next call finds what is there and goes on.
 *
 * Deadlines: `observe`, `ensure` and `health` end within `deadlineMs`, `remove`, `list` and `measure`
 * within `deadlineMs` of the last answer that it had from the server. What is cut off, by the
 * deadline or by `signal`, asks nothing further, also when the process was stopped
 * meanwhile and wakes up. So whatever an attempt still had under way shows within
 * `deadlineMs` of its end: `removeForGood` removes once more after that.
 *
 * Errors: `BACKEND_UNAVAILABLE` (wait and repeat), `INVALID_CONFIGURATION` (the backend
 * refuses the configuration, or something foreign is in the way), `MIGRATION_REQUIRED`
 * (what is there cannot become what is planned), `UNIMPLEMENTED` (a kind of resource that
 * this build does not make); where `signal` cut it off, its reason.
 */
export interface Backend {
  readonly kind: BackendKind;
  /** A client's patience. Shorter than an activity's, so that no attempt outlives its activity. */
  readonly deadlineMs: number;
  observe(resource: Resource, call: Call): Promise<Observed>;
  /**
   * Leaves the resource as planned, whatever it was before, with the login of its owner.
   * Removes a dead one first, refuses a foreign one.
   */
  ensure(resource: Resource, call: Call): Promise<Ensured>;
  /**
   * Leaves nothing of it, also of a dead one. Absent: success. Foreign: left alone, `removed` is false. Of a
   * `login` by itself: only one whose password is the derived one, and that nothing hangs on any more.
   */
  remove(resource: Resource, call: Call): Promise<{ removed: boolean }>;
  /**
   * All that stands in it, also what is not Prism's, by kind and name as a plan has it, and the logins of
   * namespaces; without what the server or the platform keeps for itself. All of it, or an error: nothing may
   * follow from a part.
   */
  list(signal: AbortSignal): Promise<readonly Thing[]>;
  /**
   * What it keeps, asked by cheap means: of one that was seen to be the namespace's, as whose it is counts
   * nobody again. Absent, or a setting: 0 bytes. Left out where the backend cannot say.
   */
  measure?(resource: Resource, call: Call): Promise<Size>;
  /** Resolves when the backend answers; rejects with `BACKEND_UNAVAILABLE`. */
  health(signal: AbortSignal): Promise<void>;
  /** What it says of itself; left out where it says nothing. */
  usage?(signal: AbortSignal): Promise<Usage>;
  close(): Promise<void>;
}
