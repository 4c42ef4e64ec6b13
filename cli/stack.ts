import { type Command, Option } from "commander";
import { PrismError } from "../sdk/typescript/errors.ts";
import { checkoutInstance, logFile } from "../stack/instance.ts";
import { followLogs, tail } from "../stack/logs.ts";
import type { Environment } from "../stack/lookup.ts";
import { prismUp } from "../stack/prism-up.ts";
import { processNames } from "../stack/process-ports.ts";
import { progress } from "../stack/progress.ts";
import { serverNames } from "../stack/server.ts";
import { signals } from "../stack/signals.ts";
import { stackDown } from "../stack/stack-down.ts";
import { type StackStatus, stackStatus } from "../stack/stack-status.ts";
import { answer, type Context } from "./context.ts";
import { outputOption, wholeNumber } from "./options.ts";
import { type Format, table } from "./output.ts";

type Output = { readonly output: Format };

/** `prism stack …`: the servers and Prism's own processes on this machine, one set per checkout. */
export function stackCommands(program: Command, context: Context, environment: Environment): void {
  const stack = program.command("stack").description("the servers and processes on this machine");

  stack
    .command("up")
    .description("find or start every server, and Prism on them; they stay until `prism stack down`")
    .option("--servers-only", "without Prism's own processes")
    .addOption(outputOption())
    .action(async ({ output, serversOnly }: Output & { readonly serversOnly?: boolean }) => {
      await up(environment, serversOnly === true);
      await showStatus(output);
    });

  stack
    .command("down")
    .description("stop what was started for this checkout")
    .option("--purge", "remove its data, logs and secrets too")
    .action(async ({ purge }: { readonly purge?: boolean }) => {
      const lines = progress();
      const instance = checkoutInstance(environment);
      await stackDown({ instance, environment, purge: purge === true, progress: lines });
      lines.close();
    });

  stack
    .command("status")
    .description("what runs, and every address in use")
    .addOption(outputOption())
    .action(({ output }: Output) => showStatus(output));

  stack
    .command("logs")
    .description("the last lines of what was written, by all or by one")
    .addArgument(stack.createArgument("[name]").choices([...serverNames, ...processNames]))
    .option("-n, --lines <count>", "how many", wholeNumber(1), 20)
    .addOption(new Option("-f, --follow", "and what comes, until Ctrl-C"))
    .action(async (name: string | undefined, { lines, follow }: { lines: number; follow?: boolean }) => {
      const instance = checkoutInstance(environment);
      const names = name === undefined ? [...serverNames, ...processNames] : [name];
      const files = names.map((each) => ({ name: each, file: logFile(instance, each) }));
      for (const each of files) context.write(tail(each, lines));
      if (follow === true) await followLogs(files, context.write, signals(environment).signal);
    });

  const showStatus = async (output: Format) => {
    const status = await stackStatus(environment);
    answer(context, output, status, () => statusTable(status));
  };
}

async function up(environment: Environment, serversOnly: boolean): Promise<void> {
  const lines = progress();
  const { signal } = signals(environment);
  try {
    const prism = await prismUp({
      environment,
      progress: lines,
      signal,
      ...(serversOnly ? { names: [] } : {}),
    });
    await prism.stack.settled;
    await Promise.all(prism.stack.wanted.map((name) => prism.stack.ready(name)));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PrismError("BACKEND_UNAVAILABLE", `the stack did not come up: ${why}`, { cause });
  } finally {
    lines.close();
  }
}

const statusTable = ({ servers, processes }: StackStatus): string =>
  table(
    ["name", "condition", "from", "address", "pid", "since"],
    [
      ...servers.map(({ name, condition, source, address, pid, since }) => [
        name,
        condition,
        source,
        address,
        pid,
        since,
      ]),
      ...processes.map(({ name, condition, addresses, pid, since }) => [
        name,
        condition,
        "this checkout",
        Object.entries(addresses).map(([port, address]) => `${port} ${address}`),
        pid,
        since,
      ]),
    ],
  );
