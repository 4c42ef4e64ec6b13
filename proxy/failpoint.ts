/** Where a message may be when its proxy dies. */
const steps = ["append", "relay", "commit", "acknowledge"] as const;
const moments = ["before", "after"] as const;

type Step = (typeof steps)[number];
export type Moment = (typeof moments)[number];

export type Failpoint = (step: Step, moment: Moment, namespace: string) => void;

/**
 * Kills this very process at a chosen moment, so that a test can ask what a crash there
 * leaves behind. `PRISM_FAILPOINT=<step>:<before|after>:<namespace>`.
 */
export function failpoint(armed: string | undefined): Failpoint {
  return (step, moment, namespace) => {
    if (armed === `${step}:${moment}:${namespace}`) process.kill(process.pid, "SIGKILL");
  };
}
