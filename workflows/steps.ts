import { ActivityCancellationType, type ActivityInterfaceFor, proxyActivities } from "@temporalio/workflow";
import type { Activities } from "../activities/activities.ts";

/** How soon a killed worker is noticed, and how often is tried; comes with the input, so that a replay finds what it was. */
export type Timeouts = {
  readonly heartbeatMs: number;
  readonly startToCloseMs: number;
  /** Attempts of a step before the operation parks. They are counted, not timed: an outage of the worker uses none up. */
  readonly stepAttempts: number;
  /** Attempts of an undo before it is reported as blocked. */
  readonly undoAttempts: number;
};

export type Steps = ActivityInterfaceFor<Activities>;

// An undo must not start while the step it reverses may still be at work.
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** A step, under the name that people see: repeated with backoff until its budget is used up. */
export const stepsWithin = (timeouts: Timeouts, summary: string): Steps =>
  proxyActivities<Activities>({
    ...noticed(timeouts),
    summary,
    cancellationType,
    retry: { ...backoff, maximumInterval: 10_000, maximumAttempts: timeouts.stepAttempts },
  });

export const undosWithin = (timeouts: Timeouts, summary: string): Steps =>
  proxyActivities<Activities>({
    ...noticed(timeouts),
    summary,
    retry: { ...backoff, maximumInterval: 60_000, maximumAttempts: timeouts.undoAttempts },
  });

/** What only writes down what was decided: it is repeated until the event store takes it. */
export const recordsWithin = (timeouts: Timeouts, summary: string): Steps =>
  proxyActivities<Activities>({
    ...noticed(timeouts),
    summary,
    cancellationType,
    retry: { ...backoff, maximumInterval: 10_000 },
  });

/** A look at everything takes long; that its worker lives is what heartbeats say. */
export const sweepsWithin = (timeouts: Timeouts): Steps =>
  proxyActivities<Activities>({
    ...noticed({ ...timeouts, startToCloseMs: 30 * 60_000 }),
    summary: "sweep",
    retry: { ...backoff, maximumInterval: 10_000, maximumAttempts: timeouts.stepAttempts },
  });

const noticed = ({ heartbeatMs, startToCloseMs }: Timeouts) => ({
  heartbeatTimeout: heartbeatMs,
  startToCloseTimeout: startToCloseMs,
});

const backoff = { initialInterval: 200, backoffCoefficient: 2 };
