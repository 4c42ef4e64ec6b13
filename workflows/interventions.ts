import { type CancellationScope, CancelledFailure, condition } from "@temporalio/workflow";
import { recordsWithin } from "./steps.ts";
import { whenTold } from "./told.ts";
import type { Work } from "./work.ts";

export type Interventions = {
  /** Resolves once the operation was retried more often than `known` times; rejects once it is to be undone. */
  retriedSince(known: number): Promise<void>;
};

/** What people tell an operation that is worked on; all of it is decided on the stream before it has an effect. */
export function interventions({ occasion, timeouts }: Work, forward: CancellationScope): Interventions {
  const records = recordsWithin(timeouts, "intervene");
  let retries = 0;
  let stopped = false;
  const stop = () => {
    stopped = true;
    forward.cancel();
  };
  whenTold("cancel", async (told) => {
    await records.cancelOperation({ occasion, told });
    stop();
  });
  whenTold("abandon", async (told) => {
    await records.abandonOperation({ occasion, told });
    stop();
  });
  whenTold("retry", async (told) => {
    retries = Math.max(retries, await records.retryOperation({ occasion, told }));
  });
  return {
    async retriedSince(known) {
      await condition(() => stopped || retries > known);
      if (stopped) throw new CancelledFailure("the operation is to be undone");
    },
  };
}
