import type { Command } from "commander";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption } from "./options.ts";
import { type Format, table } from "./output.ts";
import { updated } from "./plan.ts";
import { requestsIn } from "./requests.ts";
import { UsageError } from "./usage-error.ts";

type Options = {
  readonly output: Format;
  readonly from?: string;
  readonly to?: string;
  readonly file?: string;
};

/** `prism namespace diff`: what changed between two moments, or what a file would change. */
export function diffCommand(namespace: Command, context: Context): void {
  namespace
    .command("diff <name>")
    .description(
      "what changed between two moments (positions of the history, or times), or what a file would change",
    )
    .option("--from <moment>", "a position or an RFC 3339 time")
    .option("--to <moment>", "the same; left out: now")
    .option("-f, --file <file>", "the request as it is to be; - reads standard input")
    .addOption(outputOption())
    .action(async (name: string, options: Options) => {
      if ((options.from === undefined) === (options.file === undefined))
        throw new UsageError("say --from, for what changed, or --file, for what would");
      return options.file === undefined
        ? betweenMoments(context, name, options)
        : againstFile(context, name, options.file, options.output);
    });
}

async function betweenMoments(context: Context, name: string, { output, from, to }: Options): Promise<void> {
  const { namespaces } = controlOf(context);
  const [before, after] = await Promise.all([
    namespaces.get(name, { asOf: from }),
    namespaces.get(name, { asOf: to }),
  ]);
  const changes = changed(before, after);
  answer(context, output, changes, () =>
    table(
      ["field", "before", "after"],
      changes.map((one) => [one.field, one.before, one.after]),
    ),
  );
}

async function againstFile(context: Context, name: string, file: string, output: Format): Promise<void> {
  const request = (await requestsIn(file, undefined)).find(({ label }) => label === name);
  if (request === undefined) throw new UsageError(`${file} asks for no namespace '${name}'`);
  const { update } = await controlOf(context).preview(request.text);
  if (update === null)
    throw new UsageError(`'${name}' is not there, or not yours; 'prism plan' judges the whole request`);
  answer(context, output, update, () => updated(update));
}

type Change = { readonly field: string; readonly before: unknown; readonly after: unknown };

function changed(before: object, after: object): readonly Change[] {
  const [was, is] = [leaves(before), leaves(after)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((field) => JSON.stringify(was.get(field)) !== JSON.stringify(is.get(field)))
    .map((field) => ({ field, before: was.get(field) ?? null, after: is.get(field) ?? null }));
}

/** Every value that is no object, by its path. */
function leaves(value: object, path = ""): Map<string, unknown> {
  return new Map(
    Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
      const at = path === "" ? name : `${path}.${name}`;
      const inner = typeof member === "object" && member !== null && !Array.isArray(member);
      return inner ? [...leaves(member as object, at)] : [[at, member]];
    }),
  );
}
