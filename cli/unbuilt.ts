import type { Command } from "commander";
import { PrismError } from "../sdk/typescript/errors.ts";

const unbuilt: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  prism: [["kv", "key-value namespaces"]],
};

/** Commands that are promised and not built: they refuse, and are not advertised. */
export function unbuiltCommands(program: Command): void {
  for (const [group, commands] of Object.entries(unbuilt)) {
    const parent = program.commands.find((command) => command.name() === group) ?? program;
    for (const [name, what] of commands) refusing(parent, name, what);
  }
}

function refusing(parent: Command, name: string, what: string): void {
  parent
    .command(name, { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new PrismError("UNIMPLEMENTED", `This build does not do this yet: ${what}`);
    });
}
