import { type Command, InvalidArgumentError } from "commander";
import type { Namespace } from "../sdk/typescript/answers.ts";
import type { Control } from "../sdk/typescript/control.ts";
import { PrismError } from "../sdk/typescript/errors.ts";
import type { Shard } from "../sdk/typescript/fleet.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { everyPage } from "./every-page.ts";
import { outputOption, wholeNumber } from "./options.ts";
import { type Format, facts, table } from "./output.ts";
import { waitedFor } from "./patience.ts";

type Output = { readonly output: Format };

/** `prism shard …`: the groups of proxies that namespaces are placed on. */
export function shardCommands(program: Command, context: Context): void {
  const shard = program.command("shard").description("groups of proxies that serve the same namespaces");

  shard
    .command("add <shard>")
    .description("define a shard, change it, or take it into use again (platform only)")
    .option("--weight <n>", "how many namespaces it is given, against the others' (default: 1)", weight)
    .option("--dedicated", "for one namespace alone, above 100,000 requests a second")
    .addOption(outputOption())
    .action(async (name: string, { output, ...given }: Output & { weight?: number; dedicated?: boolean }) => {
      const defined = await controlOf(context).shards.define(name, given);
      answer(context, output, defined, () => described([defined]));
    });

  shard
    .command("drain <shard>")
    .description("place no namespace there any more; those that are there stay (platform only)")
    .option("--move", "move them away, one after the other")
    .addOption(outputOption())
    .action(async (name: string, { output, move }: Output & { move?: boolean }) => {
      const control = controlOf(context);
      const drained = await control.shards.drain(name);
      const moved = move === true ? await movedAway(control, name) : undefined;
      const left = moved?.filter(({ shard: at }) => at === name) ?? [];
      answer(context, output, moved === undefined ? drained : { ...drained, moved }, () =>
        [
          described([drained]),
          ...(moved ?? []).map(({ namespace, shard: at }) => `${namespace} is on ${at}`),
        ].join("\n"),
      );
      if (left.length > 0) {
        throw new PrismError("NAMESPACE_NOT_READY", `${left.length} namespaces are still being moved`, {
          details: { recommendation: "prism operation list --state running; then drain it again" },
        });
      }
    });

  shard
    .command("move <namespace> [shard]")
    .description("have another shard serve it; clients follow, and no publish fails (platform only)")
    .option("--wait-seconds <n>", "how long to wait until it is done", wholeNumber(0), 60)
    .addOption(outputOption())
    .action(
      async (
        name: string,
        to: string | undefined,
        { output, waitSeconds }: Output & { waitSeconds: number },
      ) => {
        const { namespaces } = controlOf(context);
        const wish = to === undefined ? {} : { shard: to };
        const { namespace: moved, late } = await waitedFor(context, { wait: true, waitSeconds }, (patience) =>
          namespaces.move(name, { ...wish, ...patience }),
        );
        answer(context, output, moved, () =>
          facts([
            ["namespace", name],
            ["shard", moved.shard],
            ["operation", moved.operation && `${moved.operation.id} (${moved.operation.state})`],
          ]),
        );
        if (late !== undefined) throw late;
      },
    );

  shard
    .command("list")
    .description("all shards")
    .addOption(outputOption())
    .action(async ({ output }: Output) => {
      const { items } = await controlOf(context).shards.list();
      answer(context, output, items, () => described(items));
    });
}

/** Those in use that are served there; each is waited for for a minute. */
async function movedAway(control: Control, shard: string): Promise<readonly Namespace[]> {
  const { items } = await everyPage(control.namespaces.list);
  const moved: Namespace[] = [];
  for (const one of items.filter((each) => each.shard === shard && inUse.has(each.status))) {
    moved.push(await control.namespaces.move(one.namespace, { waitSeconds: 60 }));
  }
  return moved;
}

const inUse: ReadonlySet<string> = new Set(["active", "degraded"]);

function weight(text: string): number {
  const given = Number(text);
  if (text.trim() === "" || !Number.isFinite(given)) throw new InvalidArgumentError("must be a number");
  return given;
}

const described = (shards: readonly Shard[]): string =>
  table(
    ["shard", "weight", "for", "state", "proxies"],
    shards.map(({ shard, weight: heavy, dedicated, holder, state, proxies }) => [
      shard,
      heavy,
      dedicated ? (holder ?? "one namespace") : "all",
      state,
      proxies.join(", ") || "none",
    ]),
  );
