import type { Event } from "../event.ts";
import type { Approval } from "../request/boundary.ts";
import type { Failure } from "./event-data.ts";

/** The operation waits until a platform member decides on this very plan. */
export type ApprovalRequested = Event<
  "ApprovalRequested",
  {
    readonly plan_hash: string;
    readonly fields: readonly Approval[];
    /** Who asked for the operation, and so must not approve it. */
    readonly requested_by: string;
    /** RFC 3339 in UTC. */
    readonly expires_at: string;
  }
>;

export type ApprovalGranted = Event<
  "ApprovalGranted",
  { readonly plan_hash: string; readonly by: string; readonly comment: string | null }
>;

/** Decides the operation, which is unwound. */
export type ApprovalRejected = Event<
  "ApprovalRejected",
  { readonly plan_hash: string; readonly by: string; readonly reason: string }
>;

/** Nobody decided in time: the operation is unwound. */
export type ApprovalExpired = Event<
  "ApprovalExpired",
  { readonly plan_hash: string; readonly expires_at: string }
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

/** A step's budget is used up: the operation waits for `retry` or `abandon`; the namespace is what it was. */
export type OperationParked = Event<"OperationParked", { readonly step: string; readonly error: Failure }>;

export type OperationRetried = Event<"OperationRetried", { readonly step: string; readonly by: string }>;

/** Decides a parked operation: it is unwound, and fails for what it was parked for. */
export type OperationAbandoned = Event<
  "OperationAbandoned",
  { readonly step: string; readonly error: Failure; readonly by: string }
>;

/** Decides an operation that has not passed its pivot: it is unwound. */
export type OperationCancelled = Event<"OperationCancelled", { readonly by: string }>;
