import type { Command } from "commander";
import type { ProxyStatus } from "../sdk/typescript/fleet.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption } from "./options.ts";
import { type Format, table } from "./output.ts";

type Output = { readonly output: Format };

/** `prism proxy …`: who serves, and who is dead. */
export function proxyCommands(program: Command, context: Context): void {
  const proxy = program.command("proxy").description("the processes that serve traffic");

  proxy
    .command("list")
    .description("the proxies that live, and those that may still serve (platform and audit)")
    .addOption(outputOption())
    .action(async ({ output }: Output) => {
      const { items } = await controlOf(context).proxies.list();
      answer(context, output, items, () => described(items));
    });

  proxy
    .command("evict <proxy>")
    .description(
      "give your word that it is dead and serves nothing: nobody waits for it any longer (platform only)",
    )
    .requiredOption("--reason <text>", "how you know")
    .addOption(outputOption())
    .action(async (name: string, { output, reason }: Output & { reason: string }) => {
      const evicted = await controlOf(context).proxies.evict(name, reason);
      answer(context, output, evicted, () => described([evicted]));
    });
}

const described = (proxies: readonly ProxyStatus[]): string =>
  table(
    ["proxy", "shard", "address", "region", "state", "health", "load", "lease until", "version"],
    proxies.map((one) => [
      one.proxy,
      one.shard,
      one.address,
      one.region,
      one.state,
      one.health,
      one.load,
      one.lease_until,
      one.applied_version,
    ]),
  );
