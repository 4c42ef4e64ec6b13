import { ActivityCancellationType, type ActivityInterfaceFor, proxyActivities } from "@temporalio/workflow";
import type { Activities } from "../activities/activities.ts";

/** How soon a killed worker is noticed; comes with the input, so that a replay finds what it was. */
export type Timeouts = { readonly heartbeatMs: number; readonly startToCloseMs: number };

export type Steps = ActivityInterfaceFor<Activities>;

/** The activities as an operation calls them: repeated with backoff until they succeed or are refused for good. */
export const stepsWithin = ({ heartbeatMs, startToCloseMs }: Timeouts): Steps =>
  proxyActivities<Activities>({
    heartbeatTimeout: heartbeatMs,
    startToCloseTimeout: startToCloseMs,
    // An undo must not start while the step it reverses may still be at work.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 10_000 },
  });

/** The same for undoing: an hour a step, then it is reported as blocked. */
export const undosWithin = ({ heartbeatMs, startToCloseMs }: Timeouts): Steps =>
  proxyActivities<Activities>({
    heartbeatTimeout: heartbeatMs,
    startToCloseTimeout: startToCloseMs,
    scheduleToCloseTimeout: "1 hour",
    retry: { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 60_000 },
  });
