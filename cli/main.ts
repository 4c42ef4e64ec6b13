import { Command } from "commander";
import { developmentToken } from "../runtime/auth.ts";
import { cliConfig } from "../runtime/config.ts";
import { stackEnvironment } from "../stack/stack-environment.ts";
import { applyCommand } from "./apply.ts";
import { auditCommands } from "./audit.ts";
import type { Context } from "./context.ts";
import { doctorCommand } from "./doctor.ts";
import { driftCommands } from "./drift.ts";
import { messageCommands } from "./messages.ts";
import { namespaceCommands } from "./namespace.ts";
import { operationCommands } from "./operation.ts";
import { planCommand } from "./plan.ts";
import { proxyCommands } from "./proxy.ts";
import { relayCommands } from "./relay.ts";
import { shardCommands } from "./shard.ts";
import { stackCommands } from "./stack.ts";
import { teamCommands } from "./team.ts";
import { tokenCommand } from "./token.ts";
import { told } from "./told.ts";
import { unbuiltCommands } from "./unbuilt.ts";
import { UsageError } from "./usage-error.ts";

// Who reads us has seen enough (`| head`).
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

/** Exit code 0: done · 1: refused or failed · 2: wrong usage. */
async function main(): Promise<number> {
  const given = cliConfig(process.env);
  // What runs for this checkout answers where nothing was said.
  const found = stackEnvironment(process.env);
  const context: Context = {
    api: () => given.api ?? found["PRISM_API_URL"] ?? "http://127.0.0.1:8900",
    token: () =>
      given.token ??
      missing("PRISM_TOKEN is not set; in development: export PRISM_TOKEN=$(npx prism token --team my-team)"),
    write: (text) => process.stdout.write(text),
    warn: (text) => process.stderr.write(text),
  };
  const program = new Command("prism")
    .description("Teams say what they need; Prism decides how, provisions it, and serves the traffic.")
    .version("0.1.0")
    .exitOverride();
  namespaceCommands(program, context);
  auditCommands(program, context);
  planCommand(program, context);
  applyCommand(program, context);
  operationCommands(program, context);
  driftCommands(program, context);
  teamCommands(program, context);
  relayCommands(program, context);
  shardCommands(program, context);
  proxyCommands(program, context);
  messageCommands(program, context);
  tokenCommand(program, context, ({ subject, teams, scopes, ttlSeconds }) => {
    const file = given.developmentIssuer ?? found["PRISM_DEV_ISSUER"];
    if (file === undefined)
      missing("no development issuer here: start one with `npm start` or `npx prism stack up`");
    return developmentToken(file, { subject, teams, scopes, ttlSeconds });
  });
  stackCommands(program, context, process.env);
  doctorCommand(program, context, process.env);
  unbuiltCommands(program);
  // Sub-commands made before this call inherit nothing of it.
  for (const command of everyCommand(program)) command.exitOverride();

  try {
    await program.parseAsync(process.argv);
    return 0;
  } catch (error) {
    return told(error);
  }
}

function missing(what: string): never {
  throw new UsageError(what);
}

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];

process.exitCode = await main();
