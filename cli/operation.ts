import type { Command } from "commander";
import type { Operation } from "../sdk/typescript/control.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption } from "./options.ts";
import { type Format, facts, table } from "./output.ts";

type Output = { readonly output: Format };

/** `prism operation …`: what Prism is doing about a request. */
export function operationCommands(program: Command, context: Context): void {
  const operation = program.command("operation").description("what Prism does about a request");

  operation
    .command("get <id>")
    .description("one operation, with its steps")
    .addOption(outputOption())
    .action(async (id: string, { output }: Output) => {
      const found = await controlOf(context).operations.get(id);
      answer(context, output, found, () => describe(found));
    });

  operation
    .command("list")
    .description("the operations you may see")
    .option("--namespace <name>", "only on this namespace")
    .option("--state <state>", "only in this state")
    .addOption(outputOption())
    .action(async ({ output, ...query }: Output & { namespace?: string; state?: string }) => {
      const { items } = await controlOf(context).operations.list(query);
      answer(context, output, items, () =>
        table(
          ["id", "kind", "namespace", "state", "requested by", "started"],
          items.map((item) => [
            item.id,
            item.kind,
            item.namespace,
            item.state,
            item.requested_by,
            item.started_at,
          ]),
        ),
      );
    });
}

const describe = (operation: Operation): string =>
  [
    facts([
      ["operation", operation.id],
      ["kind", operation.kind],
      ["namespace", operation.namespace],
      ["state", operation.state],
      ["requested by", operation.requested_by],
      ["error", operation.error && `${operation.error.code}: ${operation.error.message}`],
      ["workflow", operation.workflow.url],
    ]),
    table(
      ["step", "state", "attempts", "last error"],
      operation.steps.map(({ name, state, attempts, last_error }) => [
        name,
        state,
        attempts,
        last_error?.message,
      ]),
    ),
  ].join("\n\n");
