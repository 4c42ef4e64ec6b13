import type { Command } from "commander";
import type { Namespace, PlanAnswer } from "../sdk/typescript/answers.ts";
import type { PrismError } from "../sdk/typescript/errors.ts";
import { changeCommands } from "./change.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { dataKept } from "./data-size.ts";
import { diffCommand } from "./diff.ts";
import { everyPage } from "./every-page.ts";
import { whatNext } from "./operation.ts";
import { outputOption, wholeNumber } from "./options.ts";
import { type Format, facts, table } from "./output.ts";
import { pastCommands } from "./past.ts";
import { type Patience, waitedFor } from "./patience.ts";
import { explained } from "./plan.ts";
import { requestsIn } from "./requests.ts";

type Output = { readonly output: Format };

/** `prism namespace …`: ask for one, and look at what is there. */
export function namespaceCommands(program: Command, context: Context): void {
  const namespace = program
    .command("namespace")
    .description("ask for a namespace, and look at what there is");
  pastCommands(namespace, context);
  diffCommand(namespace, context);
  changeCommands(namespace, context);

  namespace
    .command("create")
    .description("ask for a namespace")
    .requiredOption("-f, --file <file>", "the request as YAML or JSON; - reads standard input")
    .option("--team <team>", "the team that owns it, where the file does not say")
    .option("--wait", "wait until it is active, or awaits approval")
    .option("--wait-seconds <n>", "how long --wait is patient", wholeNumber(1), 60)
    .addOption(outputOption())
    .action(async (options: Output & Patience & { file: string; team?: string }) => {
      const control = controlOf(context);
      const created: Namespace[] = [];
      const unready: PrismError[] = [];
      try {
        for (const { text } of await requestsIn(options.file, options.team)) {
          const { namespace: one, late } = await waitedFor(context, options, (patience) =>
            control.namespaces.create(text, patience),
          );
          created.push(one);
          if (late !== undefined) unready.push(late);
        }
      } finally {
        // Of a catalogue, what was created before a refusal is there, and is shown.
        const value = created.length === 1 ? created[0] : created;
        if (created.length > 0)
          answer(context, options.output, value, () => created.map(describe).join("\n\n"));
      }
      for (const { status, namespace: name, operation } of created) {
        if (status === "active") warnOfTheUnenforced(context, await control.namespaces.plan(name));
        if (status !== "awaiting_approval" || operation === null || operation === undefined) continue;
        const waiting = await control.operations.get(operation.id);
        context.warn(`${name} ${whatNext(waiting).join("\n  ")}\n`);
      }
      if (unready[0] !== undefined) throw unready[0];
    });

  namespace
    .command("explain <name>")
    .description("what was built for it, and why")
    .addOption(outputOption())
    .action(async (name: string, { output }: Output) => {
      const found = await controlOf(context).namespaces.plan(name);
      answer(context, output, found, () => explained(name, found));
    });

  namespace
    .command("get <name>")
    .description("one namespace")
    .addOption(outputOption())
    .action(async (name: string, { output }: Output) => {
      const found = await controlOf(context).namespaces.get(name);
      answer(context, output, found, () => describe(found));
    });

  namespace
    .command("list")
    .description("the namespaces you may see")
    .option("--team <team>", "only this team's")
    .option("--status <status>", "only in this state")
    .addOption(outputOption())
    .action(async ({ output, ...query }: Output & { team?: string; status?: string }) => {
      const { namespaces } = controlOf(context);
      const { items } = await everyPage((page) => namespaces.list({ ...query, ...page }));
      answer(context, output, items, () =>
        table(
          ["namespace", "status", "api", "team", "endpoints"],
          items.map((item) => [item.namespace, item.status, item.client_api, item.team, item.endpoints]),
        ),
      );
    });

  namespace
    .command("endpoints <name>")
    .description("where it is served")
    .addOption(outputOption())
    .action(async (name: string, { output }: Output) => {
      const { endpoints } = await controlOf(context).namespaces.endpoints(name);
      answer(context, output, endpoints, () =>
        table(
          ["address", "region", "health", "load"],
          endpoints.map(({ address, region, health, load }) => [address, region, health, load]),
        ),
      );
    });

  namespace
    .command("access <name>")
    .description("who may use it")
    .addOption(outputOption())
    .action(async (name: string, { output }: Output) => {
      const access = await controlOf(context).namespaces.access(name);
      answer(context, output, access, () => facts(Object.entries(access)));
    });
}

const describe = (namespace: Namespace): string =>
  facts([
    ["namespace", namespace.namespace],
    ["status", namespace.status],
    ["client api", namespace.client_api],
    ["team", namespace.team],
    ["endpoints", namespace.endpoints],
    ["shard", namespace.shard],
    ["version", namespace.version],
    ["data", dataKept(namespace)],
    ["operation", namespace.operation && `${namespace.operation.id} (${namespace.operation.state})`],
    ["created", namespace.created_at],
    ...(namespace.warnings ?? []).map(({ field, message }) => ["warning", `${field}: ${message}`] as const),
  ]);

function warnOfTheUnenforced(context: Context, { not_enforced_yet }: PlanAnswer): void {
  if (not_enforced_yet.length > 0) context.warn(`not enforced yet: ${not_enforced_yet.join(", ")}\n`);
}
