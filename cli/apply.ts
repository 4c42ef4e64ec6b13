import type { Command } from "commander";
import { PrismError } from "../sdk/typescript/errors.ts";
import type { Preview } from "../sdk/typescript/preview.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption, wholeNumber } from "./options.ts";
import { type Format, table } from "./output.ts";
import { type Patience, waitedFor } from "./patience.ts";
import { type RequestText, requestsIn } from "./requests.ts";

type Options = Patience & {
  readonly file: string;
  readonly team?: string;
  readonly dryRun?: boolean;
  readonly output: Format;
};

/** What became of one request of the file, or would. */
type Applied = {
  readonly namespace: string;
  readonly action: "create" | "update" | "unchanged" | "refused";
  readonly status: string | null;
  readonly operation: string | null;
  readonly changes: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[];
  readonly refusals: readonly { readonly code: string; readonly message: string }[];
};

/** `prism apply -f F`: makes it as the file says, be it new or there; a second time there is nothing left to do. */
export function applyCommand(program: Command, context: Context): void {
  program
    .command("apply")
    .description("create or update what a file asks for; applying it again changes nothing")
    .requiredOption(
      "-f, --file <file>",
      "requests as YAML or JSON, several behind --- or as a catalogue; - reads standard input",
    )
    .option("--team <team>", "the team that owns them, where the file does not say")
    .option("--dry-run", "only show what would change")
    .option("--wait", "wait until each is in force")
    .option("--wait-seconds <n>", "how long --wait is patient with each", wholeNumber(1), 60)
    .addOption(outputOption())
    .action(async (options: Options) => {
      const report: Applied[] = [];
      const unready: PrismError[] = [];
      // One after the other: what is refused stops no other, and is told in its place.
      for (const request of await requestsIn(options.file, options.team)) {
        const { late, ...done } = await applied(context, request, options);
        report.push(done);
        if (late !== undefined) unready.push(late);
      }
      answer(context, options.output, report, () => told(report, options.dryRun === true));
      const refused = report.filter(({ action }) => action === "refused");
      const [first] = refused.flatMap(({ refusals }) => refusals);
      if (first !== undefined) {
        throw new PrismError(
          first.code,
          `${refused.length} of ${report.length} were refused; the first: ${first.message}`,
        );
      }
      if (unready[0] !== undefined) throw unready[0];
    });
}

async function applied(
  context: Context,
  { label, text }: RequestText,
  options: Options,
): Promise<Applied & { readonly late?: PrismError }> {
  const control = controlOf(context);
  try {
    const preview = await control.preview(text);
    const planned = plannedFor(label, preview);
    if (options.dryRun === true || planned.action === "refused" || planned.action === "unchanged")
      return planned;
    const { update } = preview;
    const { namespace, ...more } = await waitedFor(context, options, (patience) =>
      update === null
        ? control.namespaces.create(text, patience)
        : control.namespaces.update(label, update.patch, { ...patience, ifVersion: update.version }),
    );
    const { status, operation } = namespace;
    return { ...planned, status, operation: operation?.id ?? null, ...more };
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    return { ...nothing, namespace: label, action: "refused", refusals: [error] };
  }
}

const nothing = { status: null, operation: null, changes: [], refusals: [] } as const;

function plannedFor(namespace: string, { update, violations }: Preview): Applied {
  const changes = update?.changes ?? [];
  const of = { ...nothing, namespace, changes, operation: update?.operation ?? null };
  if (violations.length > 0) return { ...of, action: "refused", refusals: violations };
  if (update === null) return { ...of, action: "create" };
  return { ...of, action: changes.length === 0 ? "unchanged" : "update" };
}

function told(report: readonly Applied[], isDry: boolean): string {
  const rows = report.map(({ namespace, action, status, operation, refusals }) => [
    ...[
      namespace,
      isDry && action !== "unchanged" ? `would ${action === "refused" ? "be refused" : action}` : action,
    ],
    ...[status, operation, refusals.map(({ code, message }) => `${code}: ${message}`)],
  ]);
  const changes = report.flatMap(({ namespace, changes: fields }) =>
    fields.map(({ field, from, to }) => [namespace, field, from, to]),
  );
  const summary = table(["namespace", "what", "status", "operation", "why"], rows);
  return changes.length === 0
    ? summary
    : `${summary}\n\n${table(["namespace", "field", "from", "to"], changes)}`;
}
