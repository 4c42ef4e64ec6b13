import { condition, defineSignal, setHandler, sleep, workflowInfo } from "@temporalio/workflow";
import type { Asked } from "../domain/reconcile/finding.ts";
import { asFailure } from "./failure.ts";
import { goOn } from "./go-on.ts";
import { startJob } from "./start-job.ts";
import { recordsWithin, sweepsWithin, type Timeouts } from "./steps.ts";

export type ReconcileFleet = {
  readonly timeouts: Timeouts;
  /** How often it looks when nobody asks; 0: only when somebody does. */
  readonly everyMs: number;
  /** Who waits for a sweep. */
  readonly waiting?: readonly Asked[];
};

/** Nobody asks any more than this after starting it. */
const momentMs = 1_000;
/** What was started gets so long to be done before the sweep is said to be over; it goes on by itself. */
const patienceMs = 60_000;

/**
 * Looks at everything, one sweep at a time: whoever asks meanwhile is served by the next one. Workflow id:
 * `reconcile/<fleet>`. Each sweep has a history of its own.
 */
export async function reconcileFleet({ timeouts, everyMs, waiting = [] }: ReconcileFleet): Promise<void> {
  const asks = [...waiting];
  let every = everyMs;
  setHandler(defineSignal<[Asked]>("sweep"), (asked) => void asks.push(asked));
  setHandler(defineSignal<[number]>("every"), (ms) => {
    every = ms;
  });
  const isAwake = () => asks.length > 0 || every !== everyMs;
  const woken = asks.length > 0 || (await condition(isAwake, everyMs || momentMs));
  const asked = asks.splice(0);
  const due = !woken && everyMs > 0;
  if (due || asked.length > 0) await sweepOnce(timeouts, asked);
  if (every === 0 && asks.length === 0) return;
  await goOn<typeof reconcileFleet>("reconcileFleet", { timeouts, everyMs: every, waiting: asks });
}

async function sweepOnce(timeouts: Timeouts, asks: readonly Asked[]): Promise<void> {
  const { workflowId, runId } = workflowInfo();
  const asked = asks.length > 0 ? asks : [{ operation: runId, by: "prism" }];
  const records = recordsWithin(timeouts, "end the sweep");
  try {
    const jobs = await sweepsWithin(timeouts).sweep({ asked, workflow: { id: workflowId, run_id: runId } });
    const started = await Promise.all(jobs.map((job) => startJob(job, timeouts)));
    await Promise.race([Promise.all(started.map((running) => running?.end)), sleep(patienceMs)]);
    await records.endSweep({ asked, jobs });
  } catch (failure) {
    await records.failSweep({ asked, error: asFailure(failure) });
  }
}
