import { RetryState } from "@temporalio/common";
import { ActivityFailure, ApplicationFailure, isCancellation } from "@temporalio/workflow";
import { type ErrorCode, isErrorCode } from "../domain/errors.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Failure } from "../domain/namespace/event-data.ts";

/** It was told to stop: also where its last attempt failed before it could hear that. */
export const wasCancelled = (failure: unknown): boolean =>
  isCancellation(failure) ||
  (failure instanceof ActivityFailure && failure.retryState === RetryState.CANCEL_REQUESTED);

/** Of steps that ran at the same time: the one that failed by itself, not those that were stopped for it. */
export const culprit = (failures: readonly unknown[]): unknown =>
  failures.find((failure) => !wasCancelled(failure)) ?? failures[0];

/** Why a step failed, by the failure's type: activities answer Prism's codes there. */
export function asFailure(failure: unknown): Failure {
  if (wasCancelled(failure))
    return { code: "NAMESPACE_NOT_READY", message: "the operation was cancelled", details: {} };
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  if (!(cause instanceof ApplicationFailure)) {
    const message = `no answer in time: ${cause instanceof Error ? cause.message : String(cause)}`;
    return { code: "BACKEND_UNAVAILABLE", message, details: {} };
  }
  const code: ErrorCode = isErrorCode(cause.type) ? cause.type : "INTERNAL";
  const details = (cause.details?.[0] ?? {}) as JsonObject;
  return { code, message: code === "INTERNAL" ? "internal error" : cause.message, details };
}

/** It might still succeed, but its attempts are used up. */
export const isExhausted = (failure: unknown): boolean =>
  failure instanceof ActivityFailure &&
  !wasCancelled(failure) &&
  (failure.retryState === RetryState.MAXIMUM_ATTEMPTS_REACHED || failure.retryState === RetryState.TIMEOUT);
