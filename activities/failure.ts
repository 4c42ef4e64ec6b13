import { ApplicationFailure, CancelledFailure, type RetryPolicy } from "@temporalio/common";
import { PrismError } from "../domain/errors.ts";
import type { Failure } from "../domain/namespace/event-data.ts";
import { StoreError, type StoreErrorKind } from "../eventstore/event-store.ts";
import { storeError } from "../eventstore/postgres/store-error.ts";

/**
 * An error as Temporal must treat it: `type` is Prism's code, and whether it is tried
 * again follows from who has to act. Cancellation stays what it is.
 */
export function toFailure(error: unknown, retries?: Retries): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const known = asPrismError(error);
  return ApplicationFailure.create({
    message: known.message,
    type: known.code,
    // Who has to read again is the caller: the same question meets the same answer here.
    nonRetryable: known.advice !== "wait",
    details: [known.details],
    ...(retries === undefined ? {} : soon(known, retries)),
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

/** What Temporal tells an attempt of itself; intervals in milliseconds. */
type Retries = { readonly attempt: number; readonly retryPolicy?: RetryPolicy };

/** What is so by itself in `at_most_ms` need not wait for the end of a longer pause. */
function soon({ details }: PrismError, { attempt, retryPolicy = {} }: Retries) {
  const { at_most_ms: atMostMs } = details;
  if (typeof atMostMs !== "number") return {};
  const { initialInterval = 1_000, backoffCoefficient = 2, maximumInterval = 100_000 } = retryPolicy;
  const backoffMs = Number(initialInterval) * backoffCoefficient ** (attempt - 1);
  return { nextRetryDelay: Math.max(1, Math.min(atMostMs, backoffMs, Number(maximumInterval))) };
}

function asPrismError(error: unknown): PrismError {
  if (error instanceof PrismError) return error;
  // Some of what reads Postgres hands its errors on as they are.
  const known = storeError("asked Postgres", error);
  if (known instanceof StoreError && passing.has(known.kind)) {
    return new PrismError("BACKEND_UNAVAILABLE", `Prism's own store could not be used: ${known.message}`, {
      cause: error,
    });
  }
  return new PrismError("INTERNAL", error instanceof Error ? error.message : String(error), { cause: error });
}

const passing: ReadonlySet<StoreErrorKind> = new Set(["StoreUnavailable", "RevisionConflict"]);

/** What of an error is recorded: what the caller may know. */
export function failureOf(error: unknown): Failure {
  const { code, message, details } = asPrismError(error);
  return { code, message: code === "INTERNAL" ? "internal error" : message, details };
}
