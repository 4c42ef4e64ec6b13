import type { Client } from "@temporalio/client";
import { PrismError } from "../domain/errors.ts";
import type { Asked } from "../domain/reconcile/finding.ts";

export type SweeperOptions = {
  readonly client: Client;
  readonly taskQueue: string;
  readonly workflowId: string;
  readonly everyMs: number;
  readonly timeouts: { readonly stickyMs: number };
};

export type Sweeper = {
  readonly workflowId: string;
  /** Has everything looked at; who asks while that is done is served by the next look. */
  sweep(asked: Asked): Promise<void>;
};

export function sweeper({ client, taskQueue, workflowId, everyMs, timeouts }: SweeperOptions): Sweeper {
  const { stickyMs, ...within } = timeouts;
  return {
    workflowId,
    async sweep(asked) {
      try {
        await client.workflow.signalWithStart("reconcileFleet", {
          workflowId,
          taskQueue,
          signal: "sweep",
          signalArgs: [asked],
          args: [{ timeouts: within, everyMs }],
          workflowTaskTimeout: stickyMs,
        });
      } catch (cause) {
        throw new PrismError(
          "BACKEND_UNAVAILABLE",
          "the sweep could not be started: Temporal did not answer",
          {
            cause,
          },
        );
      }
    },
  };
}
