import { Context } from "@temporalio/activity";
import { ApplicationFailure, CancelledFailure } from "@temporalio/common";
import type { Failure } from "../domain/namespace/event-data.ts";
import type { Log } from "../runtime/log.ts";
import { spanned } from "../runtime/tracing.ts";
import type { Failpoint } from "./failpoint.ts";
import { failureOf, toFailure } from "./failure.ts";
import type { Occasion } from "./occasion.ts";
import type { NamespaceHistory, Recorder } from "./recorder.ts";
import type { Step } from "./step.ts";

export type AttemptDependencies = {
  readonly recorder: Recorder;
  readonly failpoint: Failpoint;
  readonly log: Log;
};

/** An attempt of a step that ended without a word: its worker was killed, paused or cut off. */
const lost: Failure = {
  code: "BACKEND_UNAVAILABLE",
  message: "the attempt ended without an answer: its worker died, or was cut off",
  details: {},
};

/**
 * One attempt of a step: heartbeats while it runs, so that a killed worker is noticed, and
 * a failure becomes a `StepFailed` event before Temporal decides whether to repeat. What an
 * attempt could not say itself, as it was killed, the next one says.
 */
export function attempts({ recorder, failpoint, log }: AttemptDependencies) {
  const report = async (occasion: Occasion, step: string, said: Said): Promise<void> => {
    const history = await recorder.read(occasion.namespace);
    if (!isWorthRecording(history, occasion, step, said)) return;
    const command = { type: "ReportStepFailure", operation: occasion.operation, step, ...said } as const;
    await recorder.record(occasion, failing(occasion, step), command, said.attempt);
    if (said.willRetry) await show({ step, message: said.error.message });
  };

  /** Its workflow shows it to whoever looks at that in Temporal. */
  const show = async (trouble: Trouble): Promise<void> => {
    const { client, info } = Context.current();
    const { workflowId, runId } = info.workflowExecution ?? {};
    if (workflowId === undefined) return;
    await client.workflow.getHandle(workflowId, runId).signal("trouble", trouble);
  };

  const attempt = async <T>(
    occasion: Occasion,
    step: Step,
    body: (signal: AbortSignal) => Promise<T>,
    fails: (said: Said) => Promise<void> = (said) => report(occasion, step, said),
  ): Promise<T> => {
    const context = Context.current();
    const { heartbeatTimeoutMs, attempt } = context.info;
    const beat = setInterval(() => context.heartbeat(), (heartbeatTimeoutMs ?? 3_000) / 3);
    try {
      failpoint(step, "before", occasion.namespace);
      if (attempt > 1) await fails({ attempt: attempt - 1, error: lost, willRetry: true });
      const what = {
        name: `RunActivity:${context.info.activityType}`,
        from: occasion.trace ?? "",
        attributes: {
          "prism.namespace": occasion.namespace,
          "prism.operation_id": occasion.operation,
          "prism.step": step,
          "prism.attempt": attempt,
        },
      };
      const result = await spanned(what, () => body(context.cancellationSignal));
      failpoint(step, "recorded", occasion.namespace);
      return result;
    } catch (thrown) {
      const error = whyAborted(thrown, context.cancellationSignal);
      const failure = toFailure(error, context.info);
      if (failure instanceof CancelledFailure) throw failure;
      const willRetry = !(failure instanceof ApplicationFailure && failure.nonRetryable === true);
      log.warn({ ...occasion, step, attempt, will_retry: willRetry, error: String(error) }, "step failed");
      // The event store may be what is down; the attempt is in Temporal's history all the same.
      await fails({ attempt, error: failureOf(error), willRetry }).catch((cause: unknown) =>
        log.warn({ ...occasion, step, error: String(cause) }, "failure not recorded"),
      );
      throw failure;
    } finally {
      clearInterval(beat);
    }
  };

  return Object.assign(attempt, {
    /** For what answers a person: a refusal is no failure of the operation, and leaves no event. */
    answering: <T>(occasion: Occasion, step: Step, body: (signal: AbortSignal) => Promise<T>): Promise<T> =>
      attempt(occasion, step, body, async () => {}),
  });
}

/** Node's timers say only that they were aborted; why is in the signal. */
const whyAborted = (thrown: unknown, signal: AbortSignal): unknown =>
  signal.aborted && thrown instanceof Error && thrown.name === "AbortError" ? signal.reason : thrown;

export type Attempt = ReturnType<typeof attempts>;

/** What a step that goes on has run into: a proxy that it waits for, a backend that is down. */
export type Trouble = { readonly step: string; readonly message: string };

type Said = { readonly attempt: number; readonly error: Failure; readonly willRetry: boolean };

const failing = ({ round = 0 }: Occasion, step: string): string =>
  `${step} failed${round === 0 ? "" : ` in round ${round}`}`;

const quietMs = 10 * 60_000;

/** 1, 2, 4, 8 …, then one in ten minutes: a step that fails for a day must not fill the stream. */
function isWorthRecording(
  { events, state }: NamespaceHistory,
  occasion: Occasion,
  step: string,
  { attempt, willRetry }: Said,
): boolean {
  // Not begun, or over: there is no operation that it could be said of.
  if (state.operation?.id !== occasion.operation || state.operation.ended) return false;
  if (!willRetry) return true;
  const last = events.findLast(
    ({ metadata }) =>
      metadata.operation === occasion.operation && metadata.causation === failing(occasion, step),
  );
  if (last?.type === "StepFailed" && last.data.attempt === attempt) return false;
  const isRare = last !== undefined && Date.now() - last.recordedAt.getTime() > quietMs;
  return isRare || (attempt & (attempt - 1)) === 0;
}
