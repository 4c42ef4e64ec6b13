import type { Command } from "commander";
import type { HistoryEvent, Namespace, PlanAnswer } from "../sdk/typescript/control.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption, wholeNumber } from "./options.ts";
import { type Format, facts, table } from "./output.ts";
import { explained } from "./plan.ts";
import { requestsIn } from "./requests.ts";

type Output = { readonly output: Format };

/** `prism namespace …`: ask for one, and look at what is there. */
export function namespaceCommands(program: Command, context: Context): void {
  const namespace = program
    .command("namespace")
    .description("ask for a namespace, and look at what there is");

  namespace
    .command("create")
    .description("ask for a namespace")
    .requiredOption("-f, --file <file>", "the request as YAML or JSON; - reads standard input")
    .option("--team <team>", "the team that owns it, where the file does not say")
    .option("--wait", "wait until it is active")
    .option("--wait-seconds <n>", "how long --wait is patient", wholeNumber(1), 60)
    .addOption(outputOption())
    .action(
      async (options: Output & { file: string; team?: string; wait?: boolean; waitSeconds: number }) => {
        const control = controlOf(context);
        const wait = options.wait === true ? { waitSeconds: options.waitSeconds } : {};
        const created: Namespace[] = [];
        try {
          for (const { text } of await requestsIn(options.file, options.team)) {
            created.push(await control.namespaces.create(text, wait));
          }
        } finally {
          // Of a catalogue, what was created before a refusal is there, and is shown.
          const value = created.length === 1 ? created[0] : created;
          if (created.length > 0)
            answer(context, options.output, value, () => created.map(describe).join("\n\n"));
        }
        for (const { status, namespace: name } of created) {
          if (status === "active") warnOfTheUnenforced(context, await control.namespaces.plan(name));
        }
      },
    );

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
      const { items } = await controlOf(context).namespaces.list(query);
      answer(context, output, items, () =>
        table(
          ["namespace", "status", "api", "team", "endpoints"],
          items.map((item) => [item.namespace, item.status, item.client_api, item.team, item.endpoints]),
        ),
      );
    });

  namespace
    .command("history <name>")
    .description("what happened to it, oldest first")
    .option("--type <type>", "only events of this type")
    .addOption(outputOption())
    .action(async (name: string, { output, ...query }: Output & { type?: string }) => {
      const { items } = await controlOf(context).namespaces.history(name, query);
      answer(context, output, items, () =>
        table(
          ["position", "time", "event", "actor", "what"],
          items.map((event) => [event.position, event.recorded_at, event.type, event.actor, gist(event)]),
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
    ["operation", namespace.operation && `${namespace.operation.id} (${namespace.operation.state})`],
    ["created", namespace.created_at],
    ...(namespace.warnings ?? []).map(({ field, message }) => ["warning", `${field}: ${message}`] as const),
  ]);

function warnOfTheUnenforced(context: Context, { not_enforced_yet }: PlanAnswer): void {
  if (not_enforced_yet.length > 0) context.warn(`not enforced yet: ${not_enforced_yet.join(", ")}\n`);
}

/** The one thing of an event that a person scanning the list wants to see. */
function gist({ data }: HistoryEvent): string {
  const resource = data["resource"] as { backend: string; kind: string; name: string } | undefined;
  if (resource !== undefined) return `${resource.backend} ${resource.kind} ${resource.name}`;
  const error = data["error"] as { code: string; message: string } | undefined;
  if (error !== undefined) return `${data["step"] ?? ""} ${error.code}: ${error.message}`.trim();
  const plain = ["shard", "hash", "proxy", "proxies"]
    .map((key) => data[key])
    .find((value) => value !== undefined);
  return plain === undefined ? "" : String(plain);
}
