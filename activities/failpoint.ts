/**
 * Kills this very process at a chosen moment, so that a test can ask what a crash there
 * leaves behind. `PRISM_FAILPOINT=<step>:<before|after|recorded>:<namespace>`:
 * `before` the step's effect, `after` it, or once it is `recorded` but not yet answered.
 */
export type Moment = "before" | "after" | "recorded";

export type Failpoint = (step: string, moment: Moment, namespace: string) => void;

export function failpoint(armed: string | undefined): Failpoint {
  return (step, moment, namespace) => {
    if (armed === `${step}:${moment}:${namespace}`) process.kill(process.pid, "SIGKILL");
  };
}
