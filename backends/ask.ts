import { PrismError } from "../domain/errors.ts";

/** Asks a backend something; a failure says what was asked and of whom, and is worth waiting for. */
export async function ask<T>(backend: string, what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof PrismError) throw cause;
    throw new PrismError("BACKEND_UNAVAILABLE", `${backend} did not ${what}: ${reason(cause)}`, {
      details: { backend },
      cause,
    });
  }
}

/** The innermost message: clients wrap the server's word in several layers of their own. */
function reason(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reason(cause.errors[0]);
  if (cause instanceof Error) return cause.cause instanceof Error ? reason(cause.cause) : cause.message;
  return String(cause);
}
