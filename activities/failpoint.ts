import { PrismError } from "../domain/errors.ts";
import { wrong } from "../runtime/variables.ts";
import { type Moment, momentsOf, ofAll, type Step, steps } from "./step.ts";

export type Failpoint = (step: Step, moment: Moment, namespace: string) => void;

/** What becomes of the attempt that gets there. */
type Fate = "killed" | "fails" | "refused";

/**
 * Has attempts end at chosen moments, so that a test can ask what that leaves behind:
 * `PRISM_FAILPOINT=<step>:<moment>:<namespace>`, and more of them after commas. The process kills itself there
 * (SIGKILL); with `:fails` behind it, one attempt fails and is repeated; with `:refused`, each is refused for good.
 * What names no moment of a step that there is would never happen, and is a mistake: INVALID_CONFIGURATION.
 */
export function failpoint(armed = ""): Failpoint {
  const fates = new Map(armed === "" ? [] : armed.split(",").map(parsed));
  return (step, moment, namespace) => {
    const point = `${step}:${moment}:${namespace}`;
    switch (fates.get(point)) {
      case undefined:
        return;
      case "killed":
        process.kill(process.pid, "SIGKILL");
        return;
      case "fails":
        fates.delete(point);
        throw new PrismError("BACKEND_UNAVAILABLE", `told to fail at ${point}`);
      case "refused":
        throw new PrismError("FORBIDDEN", `told to be refused at ${point}`);
    }
  };
}

function parsed(one: string): readonly [string, Fate] {
  const [, step = "", moment = "", namespace = "", fate = "killed"] =
    /^([^:]+):([a-z]+):([a-z0-9-]+|\*)(?::(fails|refused))?$/.exec(one) ?? [];
  if (step === "") throw neverMet(one, "give <step>:<moment>:<namespace>, or that with :fails or :refused");
  const moments = momentsOf(step);
  if (moments === undefined) {
    throw neverMet(
      one,
      `name a step that there is: ensure, restore or remove a resource, ${steps.join(", ")}`,
    );
  }
  if (!moments.some((each) => each === moment)) {
    throw neverMet(one, `the moments of ${step} are ${moments.join(", ")}`);
  }
  if (ofAll.has(step) !== (namespace === "*")) {
    throw neverMet(one, `${step} is taken for ${ofAll.has(step) ? "all namespaces: *" : "a namespace"}`);
  }
  return [`${step}:${moment}:${namespace}`, fate as Fate];
}

const neverMet = (one: string, cure: string): PrismError =>
  wrong("PRISM_FAILPOINT", `has '${one}', which no attempt would ever meet: ${cure}`);
