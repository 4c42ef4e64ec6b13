import type { Client } from "@temporalio/client";
import { WorkflowNotFoundError } from "@temporalio/common";

export type Schedule = {
  readonly client: Client;
  readonly taskQueue: string;
  /** What this Prism's sweeps are called in Temporal. */
  readonly workflowId: string;
  /** 0: only when somebody asks. */
  readonly everyMs: number;
  readonly timeouts: object;
};

/**
 * Has the fleet looked at now and then, whatever the interval was before. The workflow outlives its workers;
 * each that starts says what holds from then on.
 */
export async function keepSchedule({
  client,
  taskQueue,
  workflowId,
  everyMs,
  timeouts,
}: Schedule): Promise<void> {
  if (everyMs > 0) {
    await client.workflow.signalWithStart("reconcileFleet", {
      workflowId,
      taskQueue,
      signal: "every",
      signalArgs: [everyMs],
      args: [{ timeouts, everyMs }],
    });
    return;
  }
  try {
    await client.workflow.getHandle(workflowId).signal("every", everyMs);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** Whether a workflow runs under that id. */
export async function isRunning({ client }: Pick<Schedule, "client">, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === "RUNNING";
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
