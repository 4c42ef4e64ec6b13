import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "./cache.ts";
import { type Lookup, machine } from "./lookup.ts";
import { runCommand } from "./run-command.ts";
import type { Fetching } from "./server.ts";

/**
 * Debian's redis-server, unpacked into the cache without installing it: no root, no system
 * service. Libraries that this machine lacks are unpacked beside it.
 */
export async function debianRedis(fetching: Fetching): Promise<string> {
  const here = await unpacked(fetching.cache);
  if (here !== undefined) return here;
  const lookup = machine(fetching.environment);
  const lacking = await missingRedis(lookup, fetching.cache);
  if (lacking.length > 0) throw new Error(`Redis is not here and cannot be fetched. ${lacking.join(". ")}`);
  const version = await candidate(lookup);
  const folder = await cached(`redis-${version}`, fetching, async (draft) => {
    fetching.say("fetching Debian's redis-server, once on this machine");
    await unpack(draft, ["redis-tools", "redis-server"], fetching);
    await writeFile(join(draft, "redis-server"), launcher);
    await chmod(join(draft, "redis-server"), 0o755);
    const runs = () => runCommand(join(draft, "redis-server"), ["--version"], { env: fetching.environment });
    await runs().catch(async () => {
      await unpack(draft, await missingLibraries(lookup), fetching);
      await runs();
    });
  });
  return join(folder, "redis-server");
}

export async function missingRedis(lookup: Lookup, cache: string): Promise<readonly string[]> {
  if ((await unpacked(cache)) !== undefined) return [];
  const tools = await Promise.all([lookup.which("apt-get"), lookup.which("dpkg"), candidate(lookup)]);
  if (!tools.includes(undefined)) return [];
  const command = process.platform === "darwin" ? "brew install redis" : "apt-get install -y redis-server";
  return [`Redis: ${command} (or your system's own package)`];
}

/** Finds its own libraries first, wherever the cache lies, and becomes the server: same process id. */
const launcher = `#!/bin/sh
here=$(dirname "$0")
LD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-*):$LD_LIBRARY_PATH
export LD_LIBRARY_PATH
exec "$here/usr/bin/redis-server" "$@"
`;

/** Of whatever version: asking apt for the newest takes longer than Redis takes to start. */
async function unpacked(cache: string): Promise<string | undefined> {
  const entries = await readdir(cache).catch(() => []);
  const newest = entries
    .filter((entry) => entry.startsWith("redis-"))
    .sort()
    .at(-1);
  return newest === undefined ? undefined : join(cache, newest, "redis-server");
}

async function candidate(lookup: Lookup): Promise<string | undefined> {
  const policy = await lookup.output("apt-cache", ["policy", "redis-tools"]);
  const version = /Candidate: (?:\d+:)?([\w.+~-]+)/.exec(policy ?? "")?.[1];
  return version === "(none)" ? undefined : version;
}

/** The libraries the server's package names and this machine does not have. */
async function missingLibraries(lookup: Lookup): Promise<string[]> {
  const depends = await lookup.output("apt-cache", [
    "depends",
    "--no-recommends",
    "--no-suggests",
    "redis-tools",
  ]);
  const libraries = [...(depends ?? "").matchAll(/Depends: (lib\S+)/g)].map(([, name = ""]) => name);
  const selections = (await lookup.output("dpkg", ["--get-selections"])) ?? "";
  const present = new Set([...selections.matchAll(/^([^\s:]+)\S*\s+install$/gm)].map(([, name]) => name));
  return libraries.filter((name) => !present.has(name));
}

async function unpack(draft: string, names: readonly string[], fetching: Fetching): Promise<void> {
  const options = { env: { ...fetching.environment, DEBIAN_FRONTEND: "noninteractive" }, cwd: draft };
  const download = () =>
    runCommand("apt-get", ["download", ...names], { ...options, signal: fetching.signal });
  try {
    await download();
  } catch (error) {
    // Old lists name versions that the mirror no longer holds; only root may renew them.
    if (process.getuid?.() !== 0) throw error;
    await runCommand("apt-get", ["update"], { ...options, signal: fetching.signal });
    await download();
  }
  const archives = (await readdir(draft)).filter((file) => file.endsWith(".deb"));
  for (const archive of archives) await runCommand("dpkg", ["-x", archive, draft], options);
}
