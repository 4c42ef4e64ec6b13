import type { Lookup } from "./lookup.ts";

/** The load generator of `npm run bench`, which writes HTTP/2 for a tenth of what a client in Node costs. */
export const findH2load = (lookup: Lookup): Promise<string | undefined> => lookup.which("h2load");

/** What this machine lacks for it, with the command that mends it. Without it the bench makes its calls itself. */
export async function missingH2load(lookup: Lookup): Promise<readonly string[]> {
  if ((await findH2load(lookup)) !== undefined) return [];
  const command =
    process.platform === "darwin" ? "brew install nghttp2" : "apt-get install -y nghttp2-client";
  return [`h2load: ${command} (or your system's own package)`];
}
