import type { Command } from "commander";
import type { Drift } from "../sdk/typescript/drift.ts";
import { PrismError } from "../sdk/typescript/errors.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { everyPage } from "./every-page.ts";
import { outputOption } from "./options.ts";
import { type Format, table } from "./output.ts";

type Given = { readonly output: Format; readonly class?: string; readonly namespace?: string };

/** `prism drift`, `prism reconcile`: what is not as it should be, and a look that repairs what is ours. */
export function driftCommands(program: Command, context: Context): void {
  program
    .command("drift")
    .description("what the last look at the backends found (platform and audit)")
    .option("--class <class>", "only missing, drifted, orphaned, foreign, stuck or leaked")
    .option("--namespace <name>", "only of this namespace")
    .addOption(outputOption())
    .action(async ({ output, ...query }: Given) => {
      const drift = await everything(context, query);
      answer(context, output, drift, () => described(drift));
    });

  program
    .command("reconcile")
    .description("look at everything now, and repair what is ours (platform)")
    .addOption(outputOption())
    .action(async ({ output }: Given) => {
      const control = controlOf(context);
      const { id } = await control.reconcile();
      for await (const { state, error } of control.operations.watch(id)) {
        if (state === "failed") throw new PrismError(error?.code ?? "INTERNAL", error?.message ?? state);
      }
      const drift = await everything(context, {});
      answer(context, output, drift, () => described(drift));
    });
}

const everything = (context: Context, query: Omit<Given, "output">): Promise<Drift> =>
  everyPage((page) => controlOf(context).drift({ ...query, ...page }));

function described({ items, sweep }: Drift): string {
  if (sweep === null) return "Nobody has looked yet: prism reconcile";
  const unseen = Object.entries(sweep.unseen).map(([backend, why]) => `not seen: ${backend} (${why})`);
  const rows = items.map((one) => [
    one.class,
    [one.backend, one.kind, one.name].filter((word) => word !== null).join(" "),
    one.namespace ?? "",
    one.settled ? `${one.remedy}, done` : one.remedy,
    one.fields.length === 0
      ? one.because
      : one.fields.map(({ field, planned, actual }) => `${field}: ${actual}, not ${planned}`).join("; "),
  ]);
  const found =
    rows.length === 0 ? "all is as planned" : table(["class", "what", "namespace", "remedy", "why"], rows);
  return [`looked at ${sweep.started_at}`, ...unseen, found].join("\n");
}
