import type { Command } from "commander";
import type { Namespace } from "../sdk/typescript/answers.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption, wholeNumber } from "./options.ts";
import { type Format, facts } from "./output.ts";
import { type Asked, patchOf } from "./patch.ts";
import { type Patience, waitedFor } from "./patience.ts";

type Options = Patience & { readonly output: Format };

/** `prism namespace update` and `delete`. */
export function changeCommands(namespace: Command, context: Context): void {
  namespace
    .command("update <name>")
    .description("change what is asked for: --needs.write_rps 10000, --policies.deletion_protection true")
    .option(
      "--add-consumer <service[:access]>",
      "let a service in; :read-only lets it only read",
      several,
      [],
    )
    .option("--remove-consumer <service>", "let a service in no longer", several, [])
    .option("--if-version <n>", "only where it has this version", wholeNumber(1))
    .option("--wait", "wait until it is in force")
    .option("--wait-seconds <n>", "how long --wait is patient", wholeNumber(1), 60)
    .addOption(outputOption())
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (name: string, options: Options & Asked & { ifVersion?: number }, command: Command) => {
      const control = controlOf(context);
      const current = await control.namespaces.get(name);
      const version = options.ifVersion ?? current.version;
      const patch = patchOf(command.args.slice(1), options, current);
      // What was read and is written back must not overwrite what came between.
      const known = version === undefined ? {} : { ifVersion: version };
      const changed = await waitedFor(context, options, (patience) =>
        control.namespaces.update(name, patch, { ...patience, ...known }),
      );
      show(context, options, changed);
    });

  namespace
    .command("delete <name>")
    .description("delete it, and all that it holds")
    .requiredOption("--confirm [name]", "that you mean it")
    .option("--if-version <n>", "only where it has this version", wholeNumber(1))
    .option("--wait", "wait until it is gone")
    .option("--wait-seconds <n>", "how long --wait is patient", wholeNumber(1), 60)
    .addOption(outputOption())
    .action(async (name: string, options: Options & { confirm: string | true; ifVersion?: number }) => {
      const confirm = options.confirm === true ? name : options.confirm;
      const { namespaces } = controlOf(context);
      const known = options.ifVersion === undefined ? {} : { ifVersion: options.ifVersion };
      const gone = await waitedFor(context, options, (patience) =>
        namespaces.delete(name, { confirm, ...patience, ...known }),
      );
      show(context, options, gone);
    });
}

const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function show(
  context: Context,
  { output }: Options,
  { namespace, late }: Awaited<ReturnType<typeof waitedFor>>,
): void {
  answer(context, output, namespace, () => told(namespace));
  if (late !== undefined) throw late;
}

const told = ({ namespace, status, version, operation }: Namespace): string =>
  facts([
    ["namespace", namespace],
    ["status", status],
    ["version", version],
    ["operation", operation && `${operation.id} (${operation.kind}, ${operation.state})`],
  ]);
