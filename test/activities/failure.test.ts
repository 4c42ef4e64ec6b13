import type { ApplicationFailure } from "@temporalio/common";
import { describe, expect, it } from "vitest";
import { toFailure } from "../../activities/failure.ts";
import { type ErrorCode, PrismError } from "../../domain/errors.ts";
import { StoreError } from "../../eventstore/event-store.ts";

const retryPolicy = { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 10_000 };
const delayMs = (attempt: number, details = {}) => {
  const error = new PrismError("NAMESPACE_NOT_READY", "waiting for one", { details });
  return (toFailure(error, { attempt, retryPolicy }) as ApplicationFailure).nextRetryDelay;
};

describe("an attempt that waits for what is so by itself at some time", () => {
  it("is not followed by a pause that lasts longer than that", () => {
    expect(delayMs(9, { at_most_ms: 700 })).toBe(700);
    expect(delayMs(9, { at_most_ms: 0 })).toBe(1);
  });

  it("is followed by the usual pause where that is the shorter one", () => {
    expect([1, 3, 9].map((attempt) => delayMs(attempt, { at_most_ms: 900_000 }))).toEqual([200, 800, 10_000]);
  });

  it("leaves the pause to Temporal where nobody knows", () => {
    expect(delayMs(3)).toBeUndefined();
  });
});

describe("an attempt that was refused", () => {
  const isFinal = (code: ErrorCode) =>
    (toFailure(new PrismError(code, "no")) as ApplicationFailure).nonRetryable;

  it("is repeated only where waiting helps: another version stays another version", () => {
    expect(isFinal("BACKEND_UNAVAILABLE")).toBe(false);
    expect(isFinal("VERSION_CONFLICT")).toBe(true);
    expect(isFinal("NAMESPACE_EXISTS")).toBe(true);
  });
});

describe("an attempt whose Postgres went away", () => {
  it("is repeated, whoever asked it", () => {
    const shutDown = "terminating connection due to administrator command";
    for (const error of [
      Object.assign(new Error(shutDown), { code: "57P01" }),
      new StoreError("StoreUnavailable", shutDown),
    ])
      expect(toFailure(error)).toMatchObject({ type: "BACKEND_UNAVAILABLE", nonRetryable: false });
  });

  it("is not where it is our own bug", () =>
    expect(toFailure(Object.assign(new Error("syntax error"), { code: "42601" }))).toMatchObject({
      type: "INTERNAL",
      nonRetryable: true,
    }));
});
