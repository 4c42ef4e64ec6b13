import { WorkflowFailedError } from "@temporalio/client";
import { ActivityFailure, ApplicationFailure } from "@temporalio/common";
import { isErrorCode } from "../domain/errors.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Failure } from "../domain/namespace/event-data.ts";

/** Why a workflow failed, by the failure's type: there activities answer Prism's codes. Throws what tells nothing of it. */
export function closingFailure(error: unknown): Failure {
  if (!(error instanceof WorkflowFailedError)) throw error;
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  if (!(cause instanceof ApplicationFailure)) {
    // Terminated or cancelled in Temporal, by hand.
    return { code: "NAMESPACE_NOT_READY", message: "the operation was ended before it began", details: {} };
  }
  const { type: code, message } = cause;
  if (!isErrorCode(code) || code === "INTERNAL")
    return { code: "INTERNAL", message: "internal error", details: {} };
  return { code, message, details: (cause.details?.[0] ?? {}) as JsonObject };
}
