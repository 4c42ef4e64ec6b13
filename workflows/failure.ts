import { ActivityFailure, ApplicationFailure, isCancellation } from "@temporalio/workflow";
import type { ErrorCode } from "../domain/errors.ts";
import { isErrorCode } from "../domain/errors.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Failure } from "../domain/namespace/events.ts";

/** Why a step failed, by the failure's type: activities answer Prism's codes there. */
export function asFailure(failure: unknown): Failure {
  if (isCancellation(failure))
    return { code: "NAMESPACE_NOT_READY", message: "the operation was cancelled", details: {} };
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  if (!(cause instanceof ApplicationFailure)) {
    return { code: "BACKEND_UNAVAILABLE", message: String(cause), details: {} };
  }
  const code: ErrorCode = isErrorCode(cause.type) ? cause.type : "INTERNAL";
  const details = (cause.details?.[0] ?? {}) as JsonObject;
  return { code, message: code === "INTERNAL" ? "internal error" : cause.message, details };
}
