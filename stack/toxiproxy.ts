import { cacheFolder } from "./cache.ts";
import { type GoProgram, goProgram, missingGo } from "./go-program.ts";
import { type Environment, type Lookup, machine } from "./lookup.ts";

/** What makes the network of tests bad: on this machine, or built with Go into the cache. */
export async function toxiproxy(environment: Environment, signal: AbortSignal): Promise<string> {
  const found = await findToxiproxy(machine(environment));
  const cache = cacheFolder(environment);
  const fetching = { environment, cache, user: undefined, idly: false, say: console.log, signal };
  return found ?? goProgram(toxiproxyServer, fetching);
}

/** What this machine lacks for it, with the command that mends it. */
export const missingToxiproxy = async (lookup: Lookup, cache: string): Promise<readonly string[]> =>
  (await findToxiproxy(lookup)) === undefined ? missingGo(toxiproxyServer, lookup, cache) : [];

const findToxiproxy = (lookup: Lookup): Promise<string | undefined> => lookup.which("toxiproxy-server");

const toxiproxyServer: GoProgram = {
  name: "toxiproxy-server",
  path: "github.com/Shopify/toxiproxy/v2/cmd/server",
  builtAs: "server",
  version: "v2.12.0",
};
