import type { Command } from "commander";
import { PrismError } from "../sdk/typescript/errors.ts";
import { doctor, toolNames } from "../stack/doctor.ts";
import type { Environment } from "../stack/lookup.ts";
import { answer, type Context } from "./context.ts";
import { outputOption } from "./options.ts";
import { type Format, table } from "./output.ts";

/**
 * `prism doctor`: what this machine lacks to run Prism's servers, and the command that mends it. What only tests
 * need is shown too, and is no failure.
 */
export function doctorCommand(program: Command, context: Context, environment: Environment): void {
  program
    .command("doctor")
    .description("what is missing on this machine, and the command that mends it")
    .addOption(outputOption())
    .action(async ({ output }: { readonly output: Format }) => {
      const findings = await doctor(environment);
      const rows = findings.map(({ server, how, missing }) => [
        server,
        how,
        missing.join(" · ") || "nothing",
      ]);
      answer(context, output, findings, () => table(["server", "comes from", "missing"], rows));
      const tools: readonly string[] = toolNames;
      const lacking = findings.filter(({ server, missing }) => !tools.includes(server) && missing.length > 0);
      if (lacking.length === 0) return;
      const names = lacking.map(({ server }) => server).join(", ");
      throw new PrismError("BACKEND_UNAVAILABLE", `this machine lacks what it needs for ${names}`);
    });
}
