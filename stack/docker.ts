import { join } from "node:path";
import { checkout, type Instance } from "./instance.ts";
import type { Lookup } from "./lookup.ts";
import { runCommand } from "./run-command.ts";
import type { Environment, Seat, Server } from "./server.ts";

const answersWithinMs = 3_000;

/** Whether a Docker daemon runs and Compose is there to talk to it. */
export async function dockerRuns(lookup: Lookup): Promise<boolean> {
  const docker = await lookup.which("docker");
  if (docker === undefined) return false;
  const server = await lookup.output(docker, ["info", "--format", "{{.ServerVersion}}"], answersWithinMs);
  if (!/^\d/.test(server ?? "")) return false;
  return (await lookup.output(docker, ["compose", "version"], answersWithinMs)) !== undefined;
}

/** Starts the server's services on the seat's ports; the same call finds them where they already run. */
export async function composeUp(
  instance: Instance,
  server: Server,
  { seat, environment, signal }: { seat: Seat; environment: Environment; signal: AbortSignal },
): Promise<void> {
  const env = { ...environment, ...composeVariables(server, seat) };
  await runCommand("docker", compose(instance, "up", "--detach", ...server.services), { env, signal });
}

export async function composeDown(
  instance: Instance,
  server: Server,
  environment: Environment,
): Promise<void> {
  const args = compose(instance, "rm", "--stop", "--force", ...server.services);
  await runCommand("docker", args, { env: environment });
}

/** With the volumes: nothing of the instance stays in Docker. */
export async function composePurge(instance: Instance, environment: Environment): Promise<void> {
  await runCommand("docker", compose(instance, "down", "--volumes"), { env: environment });
}

/** As docker-compose.yml names them: `PRISM_STACK_<SERVER>_<PORT>` and `PRISM_STACK_SECRET`. */
export function composeVariables({ name }: Server, { ports, secret }: Seat): Record<string, string> {
  const variables = Object.entries(ports).map(([port, number]) => [
    `PRISM_STACK_${name}_${port}`.toUpperCase().replaceAll("-", "_"),
    String(number),
  ]);
  return { ...Object.fromEntries(variables), PRISM_STACK_SECRET: secret };
}

const compose = ({ name }: Instance, ...args: string[]): string[] => [
  ...["compose", "--project-name", name, "--file", join(checkout, "docker-compose.yml")],
  ...args,
];
