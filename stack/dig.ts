import type { Lookup } from "./lookup.ts";

/** What this machine lacks for dig, which `npm run soak` asks names with, with the command that mends it. */
export async function missingDig(lookup: Lookup): Promise<readonly string[]> {
  if ((await lookup.which("dig")) !== undefined) return [];
  const command = process.platform === "darwin" ? "brew install bind" : "apt-get install -y bind9-dnsutils";
  return [`dig: ${command} (or your system's own package)`];
}
