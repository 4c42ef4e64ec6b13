import { PrismError } from "../domain/errors.ts";
import type { Timed } from "./timed.ts";

/** Asks a backend one thing. `what` completes "Kafka did not …". */
export type Ask = <T>(what: string, timed: Timed, question: () => Promise<T>) => Promise<T>;

/**
 * Questions to one backend: nothing is asked after the call's time is over, and a failure
 * says what was asked and of whom, and is worth waiting for.
 */
export function asking(backend: string): Ask {
  return async (what, timed, question) => {
    timed.throwIfOver();
    try {
      const answer = await question();
      timed.answered();
      return answer;
    } catch (cause) {
      if (cause instanceof PrismError) throw cause;
      throw unavailable(backend, what, cause);
    }
  };
}

export const unavailable = (backend: string, what: string, cause: unknown): PrismError =>
  new PrismError("BACKEND_UNAVAILABLE", `${backend} did not ${what}: ${reason(cause)}`, {
    details: { backend },
    cause,
  });

/** The innermost message: clients wrap the server's word in several layers of their own. */
function reason(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reason(cause.errors[0]);
  if (cause instanceof Error) return cause.cause instanceof Error ? reason(cause.cause) : cause.message;
  return String(cause);
}
