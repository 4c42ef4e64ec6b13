import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What resolution asks this machine; a test answers in its place. */
export interface Lookup {
  readonly environment: Environment;
  /** The first program of these names on the PATH. */
  which(...names: readonly string[]): Promise<string | undefined>;
  /** Folders that exist and whose name matches `<parent>/<any>/<child>`. */
  folders(parent: string, child: string): Promise<readonly string[]>;
  /** What the program prints, standard error included; undefined when it fails or takes longer. */
  output(program: string, args: readonly string[], timeoutMs?: number): Promise<string | undefined>;
}

export function machine(environment: Environment): Lookup {
  const path = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return {
    environment,

    async which(...names) {
      for (const name of names) {
        for (const folder of path) {
          if (await executable(join(folder, name))) return join(folder, name);
        }
      }
      return undefined;
    },

    async folders(parent, child) {
      const entries = await readdir(parent).catch(() => []);
      const candidates = entries.map((entry) => join(parent, entry, child));
      const there = await Promise.all(candidates.map((folder) => exists(folder)));
      return candidates.filter((_, at) => there[at]);
    },

    async output(program, args, timeoutMs = 10_000) {
      try {
        const options = { timeout: timeoutMs, killSignal: "SIGKILL" as const, env: environment };
        const { stdout, stderr } = await promisify(execFile)(program, [...args], options);
        return `${stdout}${stderr}`;
      } catch {
        return undefined;
      }
    },
  };
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const executable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
