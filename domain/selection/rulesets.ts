import { PrismError } from "../errors.ts";
import { rfc027 } from "./rfc-027.ts";
import type { Ruleset } from "./ruleset.ts";

const rulesets: Readonly<Record<string, Ruleset>> = { [rfc027.name]: rfc027 };

/** What new plans are made by. */
export const currentRuleset = rfc027.name;

export function ruleset(name: string): Ruleset {
  const found = Object.hasOwn(rulesets, name) ? rulesets[name] : undefined;
  if (found === undefined) throw new PrismError("INTERNAL", `there is no ruleset '${name}'`);
  return found;
}
