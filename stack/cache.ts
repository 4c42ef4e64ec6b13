import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { locked } from "./lock.ts";
import { type Environment, exists } from "./lookup.ts";
import type { Fetching } from "./server.ts";

/** Outside every checkout, so that a fresh clone starts warm. */
export const cacheFolder = (environment: Environment): string =>
  join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "prism", "servers");

/**
 * The folder `<cache>/<name>`, made by `build` if it is not there. It appears whole or not
 * at all, and only one process on the machine builds it; a build that was killed leaves a
 * folder that the next one removes.
 */
export async function cached(
  name: string,
  fetching: Fetching,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const { cache, say, signal } = fetching;
  const folder = join(cache, name);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const waiting = ({ pid }: { pid: number }) => say(`waiting for process ${pid}, which is fetching ${name}`);
  const buildOnce = async () => {
    if (await exists(folder)) return;
    await sweep(cache, name);
    const draft = join(cache, `.${name}.${process.pid}`);
    await mkdir(draft);
    try {
      await build(draft);
      await rename(draft, folder);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  };
  await locked(join(cache, `.${name}.lock`), buildOnce, { waiting, signal });
  return folder;
}

/** Safe under the lock: whoever made such a folder is no longer at it. */
async function sweep(cache: string, name: string): Promise<void> {
  const left = (await readdir(cache)).filter((entry) => /^\d+$/.test(suffix(entry, `.${name}.`)));
  await Promise.all(left.map((entry) => rm(join(cache, entry), { recursive: true, force: true })));
}

const suffix = (text: string, prefix: string): string =>
  text.startsWith(prefix) ? text.slice(prefix.length) : "";
