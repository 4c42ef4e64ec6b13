import { existsSync } from "node:fs";
import { credentialFiles } from "./credentials.ts";
import { checkoutInstance, type Instance } from "./instance.ts";
import type { Environment } from "./lookup.ts";
import { type ProcessPorts, portVariables, processNames } from "./process-ports.ts";
import { isRunning, mayRun, readState } from "./state.ts";

/**
 * The PRISM_* variables of what runs for this checkout, or nothing where nothing runs. Read
 * from the record of it: nobody is asked, so it costs no time.
 */
export function stackEnvironment(
  environment: Environment,
  instance: Instance = checkoutInstance(environment),
): Readonly<Record<string, string>> {
  const { servers, processes } = readState(instance);
  const found: Record<string, string> = {};
  for (const record of Object.values(servers)) {
    if (mayRun(record)) Object.assign(found, record.environment);
  }
  const ports = processNames.map((name) => [name, processes[name]] as const);
  const running = ports.flatMap(([name, record]) =>
    record !== undefined && isRunning(record) ? [[name, record.ports] as const] : [],
  );
  Object.assign(found, portVariables(Object.fromEntries(running) as Partial<ProcessPorts>));
  for (const [variable, file] of Object.entries(credentialFiles(instance))) {
    if (existsSync(file)) found[variable] = file;
  }
  return found;
}
