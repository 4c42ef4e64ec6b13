import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache.ts";
import { type GoProgram, goProgram, missingGo } from "./go-program.ts";
import { checkout } from "./instance.ts";
import type { Environment, Lookup } from "./lookup.ts";

/** The load of `npm run bench` whose calls carry keys of their own: test/bench/grpc-load, built with Go into the cache. */
export function grpcLoad(environment: Environment, signal: AbortSignal): Promise<string> {
  const cache = cacheFolder(environment);
  return goProgram(program(), { environment, cache, user: undefined, idly: false, say: console.log, signal });
}

/** What this machine lacks for it, with the command that mends it. */
export const missingGrpcLoad = (lookup: Lookup, cache: string): Promise<readonly string[]> =>
  missingGo(program(), lookup, cache);

/** Its version is what it is made from: another source is another program. */
function program(): GoProgram {
  const source = join(checkout, "test", "bench", "grpc-load");
  const hash = createHash("sha256");
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(join(source, file)));
  return { name: "grpc-load", path: ".", version: hash.digest("hex").slice(0, 12), source };
}
