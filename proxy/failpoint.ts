/** Where a message may be when its proxy dies. */
export const steps = ["append", "relay", "commit", "acknowledge"] as const;
/** Where one with an idempotency key may be, of a namespace without a log. */
export const keySteps = ["claim", "produce"] as const;
export const moments = ["before", "after"] as const;

export type Step = (typeof steps)[number] | (typeof keySteps)[number];
export type Moment = (typeof moments)[number];

export type Failpoint = (step: Step, moment: Moment, namespace: string) => void;

/**
 * Kills this very process at a chosen moment, so that a test can ask what a crash there
 * leaves behind. `PRISM_FAILPOINT=<step>:<before|after>:<namespace>[:<n>]`, at the n-th time.
 */
export function failpoint(armed: string | undefined): Failpoint {
  const [, point, count = "1"] = /^([a-z]+:[a-z]+:[a-z0-9-]+)(?::(\d+))?$/.exec(armed ?? "") ?? [];
  let left = Number(count);
  return (step, moment, namespace) => {
    if (point !== `${step}:${moment}:${namespace}`) return;
    left--;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
}
