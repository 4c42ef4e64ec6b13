import { Context } from "@temporalio/activity";
import { ApplicationFailure, CancelledFailure } from "@temporalio/common";
import type { Log } from "../runtime/log.ts";
import type { Failpoint } from "./failpoint.ts";
import { failureOf, toFailure } from "./failure.ts";
import type { Occasion } from "./occasion.ts";
import type { Recorder } from "./recorder.ts";

export type AttemptDependencies = {
  readonly recorder: Recorder;
  readonly failpoint: Failpoint;
  readonly log: Log;
};

/**
 * One attempt of a step: heartbeats while it runs, so that a killed worker is noticed,
 * and a failure becomes a `StepFailed` event before Temporal decides whether to repeat.
 */
export function attempts({ recorder, failpoint, log }: AttemptDependencies) {
  return async <T>(
    occasion: Occasion,
    step: string,
    body: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const context = Context.current();
    const { heartbeatTimeoutMs, attempt } = context.info;
    const beat = setInterval(() => context.heartbeat(), (heartbeatTimeoutMs ?? 3_000) / 3);
    try {
      failpoint(step, "before", occasion.namespace);
      const result = await body(context.cancellationSignal);
      failpoint(step, "recorded", occasion.namespace);
      return result;
    } catch (error) {
      const failure = toFailure(error);
      if (failure instanceof CancelledFailure) throw failure;
      const willRetry = !(failure instanceof ApplicationFailure && failure.nonRetryable === true);
      log.warn({ ...occasion, step, attempt, will_retry: willRetry, error: String(error) }, "step failed");
      if (isWorthRecording(attempt) || !willRetry) {
        const report = { step, attempt, error: failureOf(error), willRetry };
        await recorder
          .record(
            occasion,
            `${step} failed`,
            { type: "ReportStepFailure", operation: occasion.operation, ...report },
            attempt,
          )
          // The event store may be what is down; the attempt is in Temporal's history all the same.
          .catch((cause: unknown) =>
            log.warn({ ...occasion, step, error: String(cause) }, "failure not recorded"),
          );
      }
      throw failure;
    } finally {
      clearInterval(beat);
    }
  };
}

export type Attempt = ReturnType<typeof attempts>;

/** 1, 2, 4, 8 …: a step that fails for a day must not fill the stream. */
const isWorthRecording = (attempt: number): boolean => (attempt & (attempt - 1)) === 0;
