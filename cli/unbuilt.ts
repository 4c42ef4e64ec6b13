import type { Command } from "commander";
import { PrismError } from "../sdk/typescript/errors.ts";

const unbuilt: readonly (readonly [string, string])[] = [
  ["kv", "key-value namespaces"],
  ["drift", "finding drift"],
  ["reconcile", "reconciling"],
  ["apply", "applying a file"],
  ["audit", "the audit log"],
  ["relay", "rewinding a relay"],
];

/** Commands that are promised and not built: they refuse, and are not advertised. */
export function unbuiltCommands(program: Command): void {
  for (const [name, what] of unbuilt) {
    program
      .command(name, { hidden: true })
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw new PrismError("UNIMPLEMENTED", `This build does not do this yet: ${what}`, { details: {} });
      });
  }
}
