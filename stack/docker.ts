import { join } from "node:path";
import { checkout, type Instance } from "./instance.ts";
import type { Environment, Lookup } from "./lookup.ts";
import { runCommand } from "./run-command.ts";
import type { Seat, Server } from "./server.ts";

const answersWithinMs = 3_000;

/** Whether a Docker daemon runs and Compose is there to talk to it. */
export async function dockerRuns(lookup: Lookup): Promise<boolean> {
  const docker = await lookup.which("docker");
  if (docker === undefined) return false;
  const server = await lookup.output(docker, ["info", "--format", "{{.ServerVersion}}"], answersWithinMs);
  if (!/^\d/.test(server ?? "")) return false;
  return (await lookup.output(docker, ["compose", "version"], answersWithinMs)) !== undefined;
}

/** What Compose is told about one server; the ports of all of them belong together, see `composeVariables`. */
export type ComposeUp = {
  readonly instance: Instance;
  readonly server: Server;
  readonly variables: Environment;
  readonly environment: Environment;
  readonly signal?: AbortSignal;
};

/** Starts the server's services on their ports; the same call finds them where they already run. */
export async function composeUp({
  instance,
  server,
  variables,
  environment,
  signal,
}: ComposeUp): Promise<void> {
  await compose(instance, ["up", "--detach", ...server.services], { ...environment, ...variables }, signal);
}

export async function composeStop(
  instance: Instance,
  server: Server,
  environment: Environment,
): Promise<void> {
  await compose(instance, ["rm", "--stop", "--force", ...server.services], environment);
}

/** What is left of the project: network, servers that others only leaned on, and with `volumes` the data. */
export async function composeDown(
  instance: Instance,
  environment: Environment,
  volumes: boolean,
): Promise<void> {
  await compose(instance, volumes ? ["down", "--volumes"] : ["down"], environment);
}

/**
 * As docker-compose.yml names them: `PRISM_STACK_<SERVER>_<PORT>`, `PRISM_STACK_SECRET`, and what
 * a server has to say beside them.
 * Compose makes a container anew when its ports change, also one that another service only
 * leans on: so every call gets the ports of every server.
 */
export function composeVariables(
  server: Pick<Server, "name" | "compose">,
  seat: Seat,
): Record<string, string> {
  const { name } = server;
  const { ports, secret } = seat;
  const variables = Object.entries(ports).map(([port, number]) => [
    `PRISM_STACK_${name}_${port}`.toUpperCase().replaceAll("-", "_"),
    String(number),
  ]);
  return { ...Object.fromEntries(variables), ...server.compose?.(seat), PRISM_STACK_SECRET: secret };
}

// Two calls for one project at a time stumble over its network.
let last: Promise<unknown> = Promise.resolve();

function compose(
  { name }: Instance,
  args: readonly string[],
  env: Environment,
  signal?: AbortSignal,
): Promise<string> {
  const project = ["compose", "--project-name", name, "--file", join(checkout, "docker-compose.yml")];
  const run = () => runCommand("docker", [...project, ...args], { env, ...(signal && { signal }) });
  const mine = last.then(run, run);
  last = mine.catch(() => undefined);
  return mine;
}
