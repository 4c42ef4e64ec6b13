/**
 * Kills this very process at a chosen moment, so that a test can ask what a crash there
 * leaves behind. `PRISM_FAILPOINT=<step>:<before|intended|after|recorded>:<namespace>`:
 * `before` the step, once its effect is `intended`, `after` the effect, or once it is `recorded` but not answered.
 */
export type Moment = "before" | "intended" | "after" | "recorded";

export type Failpoint = (step: string, moment: Moment, namespace: string) => void;

export function failpoint(armed: string | undefined): Failpoint {
  return (step, moment, namespace) => {
    if (armed === `${step}:${moment}:${namespace}`) process.kill(process.pid, "SIGKILL");
  };
}
