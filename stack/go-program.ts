import { homedir } from "node:os";
import { join } from "node:path";
import { cached } from "./cache.ts";
import { exists, type Lookup, machine } from "./lookup.ts";
import { runCommand } from "./run-command.ts";
import type { Fetching } from "./server.ts";

/** A program that `go install` builds; the version is exact, so that every machine builds the same. */
export type GoProgram = {
  readonly name: string;
  readonly path: string;
  readonly version: string;
  /** What Go calls it, where that is not its name. */
  readonly builtAs?: string;
  /** The folder of its module, where it is one of ours: then `path` is within it. */
  readonly source?: string;
};

/** Builds it into the cache, or finds it there, and answers the program's path. */
export async function goProgram(program: GoProgram, fetching: Fetching): Promise<string> {
  const { name, path, version, builtAs = name, source } = program;
  const folder = await cached(folderOf(program), fetching, async (draft) => {
    const go = await findGo(machine(fetching.environment));
    if (go === undefined) throw new Error(`${name} is not here and Go is missing to build it: ${installGo}`);
    fetching.say(`building ${name} ${version} with Go, once on this machine`);
    const env = { ...fetching.environment, GOBIN: draft, HOME: fetching.environment["HOME"] ?? homedir() };
    // A checkout's own history is no part of the program.
    const what = source === undefined ? [`${path}@${version}`] : ["-buildvcs=false", path];
    await runCommand(go, ["install", ...what], {
      env,
      signal: fetching.signal,
      cwd: source ?? draft,
      idly: fetching.idly,
    });
  });
  return join(folder, builtAs);
}

/** Nothing, once it is built. */
export async function missingGo(
  program: GoProgram,
  lookup: Lookup,
  cache: string,
): Promise<readonly string[]> {
  const built = await exists(join(cache, folderOf(program)));
  return built || (await findGo(lookup)) !== undefined ? [] : [`Go: ${installGo}`];
}

const folderOf = ({ name, version }: GoProgram): string => `${name}-${version}`;

const findGo = async (lookup: Lookup): Promise<string | undefined> => {
  // Where Go's own installer puts it, which is not always on the PATH.
  return (await lookup.which("go")) ?? (await lookup.folders("/usr/local", "bin/go"))[0];
};

const installGo =
  process.platform === "darwin" ? "brew install go" : "apt-get install -y golang-go, or https://go.dev/dl";
