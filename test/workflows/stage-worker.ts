import { Worker, type WorkerOptions, type WorkflowBundle } from "@temporalio/worker";
import type { Recorder } from "../../activities/recorder.ts";
import type { ProxyLease } from "../../control/leases.ts";
import { PrismError } from "../../domain/errors.ts";

export async function deploy(
  options: Omit<WorkerOptions, "workflowBundle">,
  workflowBundle: WorkflowBundle,
): Promise<{ stop: () => Promise<void> }> {
  const worker = await Worker.create({ ...options, workflowBundle });
  const running = worker.run();
  return {
    stop: async () => {
      worker.shutdown();
      await running;
    },
  };
}

/** Four attempts of a step, two of an undo: then it is used up. */
export const timeouts = { heartbeatMs: 5_000, startToCloseMs: 10_000, stepAttempts: 4, undoAttempts: 2 };

export const proxy: Pick<
  ProxyLease,
  "proxy" | "shard" | "address" | "region" | "appliedVersion" | "refused" | "inFlight"
> = {
  proxy: "proxy-1",
  shard: "shard-1",
  address: "127.0.0.1:8980",
  region: "local",
  appliedVersion: 10n ** 12n,
  refused: {},
  inFlight: {},
};

/** An attempt that has died does not say that it failed. */
export const dying = (whole: Recorder, hasDied: (namespace: string) => boolean): Recorder => ({
  ...whole,
  record(occasion, step, command, round) {
    if (command.type === "ReportStepFailure" && hasDied(occasion.namespace)) {
      return Promise.reject(new PrismError("BACKEND_UNAVAILABLE", "the attempt is dead"));
    }
    return whole.record(occasion, step, command, round);
  },
});
