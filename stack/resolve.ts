import type { Environment, Lookup } from "./lookup.ts";
import type { Server } from "./server.ts";

export type Found =
  | { readonly source: "path"; readonly programs: string }
  | { readonly source: "docker" | "registry" };

/** The user's own server, which is used and never touched: all of its variables are set. */
export const isGiven = ({ variables }: Server, environment: Environment): boolean =>
  variables.every((name) => (environment[name] ?? "") !== "");

/**
 * Where a server that is not given comes from: programs on this machine, else a running
 * Docker daemon, else its package registry. The order is from what costs least to what
 * takes longest.
 */
export async function resolve(
  server: Server,
  lookup: Lookup,
  docker: () => Promise<boolean>,
): Promise<Found> {
  const programs = await server.find(lookup);
  if (programs !== undefined) return { source: "path", programs };
  return { source: (await docker()) ? "docker" : "registry" };
}
