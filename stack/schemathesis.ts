import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached } from "./cache.ts";
import { exists, type Lookup, machine } from "./lookup.ts";
import { runCommand } from "./run-command.ts";
import type { Fetching } from "./server.ts";

const version = "4.32.5";
const folderName = `schemathesis-${version}`;
/** Every package it needs, at one version: a fuzzer that changes by itself finds other things every day. */
const requirements = fileURLToPath(new URL("./schemathesis.txt", import.meta.url));

/**
 * Schemathesis, which fuzzes the API by its own description, in a virtual environment of Python in the cache:
 * what to run, and what comes before its own arguments.
 */
export async function schemathesis(
  fetching: Fetching,
): Promise<{ readonly program: string; readonly args: readonly string[] }> {
  const { cache, environment: env, say, signal } = fetching;
  const lookup = machine(env);
  const lacking = await missingSchemathesis(lookup, cache);
  if (lacking.length > 0) throw new Error(`the API cannot be fuzzed here. ${lacking.join(". ")}`);
  const folder = await cached(folderName, fetching, async (draft) => {
    say(`fetching schemathesis ${version} from PyPI, once on this machine`);
    await runCommand("python3", ["-m", "venv", draft], { env, signal });
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
    await runCommand(python(draft), [...install, "--requirement", requirements], { env, signal });
  });
  // Not its own script: that one names the folder in which it was installed.
  return { program: python(folder), args: ["-m", "schemathesis.cli"] };
}

/** What this machine lacks for it, each with the command that mends it. */
export async function missingSchemathesis(lookup: Lookup, cache: string): Promise<readonly string[]> {
  if (await exists(join(cache, folderName))) return [];
  const probe = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10)";
  if ((await lookup.output("python3", ["-c", probe])) !== undefined) return [];
  const command = process.platform === "darwin" ? "brew install python3" : "apt-get install -y python3-venv";
  return [`Python 3.10 or newer with venv: ${command} (or your system's own package)`];
}

const python = (folder: string): string => join(folder, "bin", "python");
