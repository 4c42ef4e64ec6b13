import { type Instance, instanceSecret } from "./instance.ts";
import type { Environment } from "./lookup.ts";
import { freePorts, isFree } from "./ports.ts";
import { isGiven } from "./resolve.ts";
import type { Seat, Server } from "./server.ts";
import { mayRun, type ServerRecord } from "./state.ts";

/**
 * What will become of a server, decided before anything is started: so its address is known
 * and can be told to others while it is still being built.
 */
export type Planned = { readonly environment: Readonly<Record<string, string>> } & (
  | { readonly kind: "given" }
  | { readonly kind: "running"; readonly record: ServerRecord }
  | { readonly kind: "absent"; readonly seat: Seat }
);

export async function plan(
  server: Server,
  {
    instance,
    environment,
    record,
  }: { instance: Instance; environment: Environment; record: ServerRecord | undefined },
): Promise<Planned> {
  if (isGiven(server, environment)) return { kind: "given", environment: given(server, environment) };
  if (record !== undefined && mayRun(record)) {
    return { kind: "running", record, environment: record.environment };
  }
  const seat = await freeSeat(instance, server, record);
  return { kind: "absent", seat, environment: server.environment(seat) };
}

/** Its old ports where they are still free: an address in somebody's hands stays good. */
export async function freeSeat(instance: Instance, server: Server, record?: ServerRecord): Promise<Seat> {
  // An instance for tests leaves the usual ports to people, and to the next run.
  const free = Object.fromEntries(Object.keys(server.ports).map((name) => [name, undefined]));
  const ports = await freePorts({ ...(instance.temporary ? free : server.ports), ...record?.ports });
  return { ports, secret: instanceSecret(instance) };
}

export async function isSeatFree({ ports }: Seat): Promise<boolean> {
  const free = await Promise.all(Object.values(ports).map(isFree));
  return free.every((each) => each);
}

/** What the user said about it. */
export function given(
  { variables, companions = [] }: Server,
  environment: Environment,
): Record<string, string> {
  const set = [...variables, ...companions].map((name) => [name, environment[name] ?? ""] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== ""));
}
