import type { Command } from "commander";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption } from "./options.ts";
import { type Format, table } from "./output.ts";

/** `prism audit list`: who did what, when, with what outcome. */
export function auditCommands(program: Command, context: Context): void {
  program
    .command("audit")
    .description("who did what, when, with what outcome (platform and audit)")
    .command("list")
    .description("oldest first")
    .option("--namespace <name>", "only on this namespace")
    .option("--actor <actor>", "only by user:… or service:…")
    .option("--after <position>", "only what came after it")
    .addOption(outputOption())
    .action(
      async ({
        output,
        ...query
      }: {
        output: Format;
        namespace?: string;
        actor?: string;
        after?: string;
      }) => {
        const { items } = await controlOf(context).audit(query);
        answer(context, output, items, () =>
          table(
            ["position", "time", "actor", "action", "outcome", "namespace", "team"],
            items.map((row) => [
              row.position,
              row.at,
              row.actor,
              row.action,
              row.outcome,
              row.namespace,
              row.team,
            ]),
          ),
        );
      },
    );
}
