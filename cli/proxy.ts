import type { Command } from "commander";
import { PrismError } from "../sdk/typescript/errors.ts";
import type { ProxyStatus } from "../sdk/typescript/fleet.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption, wholeNumber } from "./options.ts";
import { type Format, table } from "./output.ts";

type Output = { readonly output: Format };

const pollMs = 250;

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
    .command("drain <proxy>")
    .description("have it take nothing new, and wait until nothing is left there (platform only)")
    .option("--wait-seconds <n>", "how long to wait until it is drained", wholeNumber(0), 60)
    .addOption(outputOption())
    .action(async (name: string, { output, waitSeconds }: Output & { waitSeconds: number }) => {
      const { proxies } = controlOf(context);
      let drained = await proxies.drain(name);
      const until = Date.now() + waitSeconds * 1_000;
      // Also one that is not heard meanwhile has calls that are not over.
      while (drained.state !== "drained" && Date.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, pollMs));
        drained = (await proxies.list()).items.find((one) => one.proxy === name) ?? drained;
      }
      answer(context, output, drained, () => described([drained]));
      if (drained.state !== "drained" && waitSeconds > 0) {
        const { state, under_way } = drained;
        throw new PrismError(
          "NAMESPACE_NOT_READY",
          state === "draining"
            ? `'${name}' still has ${under_way ?? "calls"} under way`
            : `'${name}' is ${state}, and nobody knows what it has under way`,
        );
      }
    });

  proxy
    .command("resume <proxy>")
    .description("take one that was drained into use again (platform only)")
    .addOption(outputOption())
    .action(async (name: string, { output }: Output) => {
      const resumed = await controlOf(context).proxies.resume(name);
      answer(context, output, resumed, () => described([resumed]));
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
