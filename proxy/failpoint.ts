import { wrong } from "../runtime/variables.ts";

/** Where a message may be when its proxy dies. */
export const steps = ["append", "relay", "commit", "acknowledge"] as const;
/** Where one with an idempotency key may be, of a namespace without a log. */
export const keySteps = ["claim", "produce"] as const;
/** Where a change of the directory may be, by the names of `test/model/revoke.ts`. */
export const directorySteps = ["put-into-force", "save", "send-status"] as const;
export const moments = ["before", "after"] as const;

export type Step = (typeof steps | typeof keySteps | typeof directorySteps)[number];
export type Moment = (typeof moments)[number];

export type Failpoint = (step: Step, moment: Moment, namespace: string) => void;

/**
 * Kills this very process at a chosen moment, so that a test can ask what a crash there
 * leaves behind. `PRISM_FAILPOINT=<step>:<before|after>:<namespace>[:<n>]`, at the n-th time. What it never gets
 * to is a mistake: INVALID_CONFIGURATION.
 */
export function failpoint(armed = ""): Failpoint {
  const [, point, count = "1"] = known.exec(armed) ?? [];
  if (armed !== "" && point === undefined) {
    const cure = `give <step>:<${moments.join("|")}>:<namespace>[:<n>], where a step is ${all.join(", ")}`;
    throw wrong("PRISM_FAILPOINT", `is '${armed}', which nothing would ever meet: ${cure}`);
  }
  let left = Number(count);
  return (step, moment, namespace) => {
    if (point !== `${step}:${moment}:${namespace}`) return;
    left--;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
}

const all = [...steps, ...keySteps, ...directorySteps];
const known = new RegExp(`^((?:${all.join("|")}):(?:${moments.join("|")}):[a-z0-9-]+)(?::(\\d+))?$`);
