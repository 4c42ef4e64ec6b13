import { ApplicationFailure, CancelledFailure } from "@temporalio/common";
import { PrismError } from "../domain/errors.ts";
import type { Failure } from "../domain/namespace/events.ts";
import { StoreError } from "../eventstore/event-store.ts";

/**
 * An error as Temporal must treat it: `type` is Prism's code, and whether it is tried
 * again follows from who has to act. Cancellation stays what it is.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const known = asPrismError(error);
  return ApplicationFailure.create({
    message: known.message,
    type: known.code,
    nonRetryable: known.advice !== "wait" && known.advice !== "reload",
    details: [known.details],
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

function asPrismError(error: unknown): PrismError {
  if (error instanceof PrismError) return error;
  if (
    error instanceof StoreError &&
    (error.kind === "StoreUnavailable" || error.kind === "RevisionConflict")
  ) {
    return new PrismError("BACKEND_UNAVAILABLE", `the event store could not be used: ${error.message}`, {
      cause: error,
    });
  }
  return new PrismError("INTERNAL", error instanceof Error ? error.message : String(error), { cause: error });
}

/** What of an error is recorded: what the caller may know. */
export function failureOf(error: unknown): Failure {
  const { code, message, details } = asPrismError(error);
  return { code, message: code === "INTERNAL" ? "internal error" : message, details };
}
