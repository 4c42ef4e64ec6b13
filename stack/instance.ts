import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import type { Environment } from "./lookup.ts";
import type { Server, User } from "./server.ts";
import { reachable } from "./user.ts";

/** One set of servers and Prism's processes: their state, data and logs. Two instances share nothing. */
export type Instance = {
  /** Fit for a folder and for a Docker project. */
  readonly name: string;
  readonly folder: string;
  /** Nobody will want its data after the run. */
  readonly temporary: boolean;
};

/** The root of this checkout. */
export const checkout = resolve(import.meta.dirname, "..");

/** This checkout's own instance: another clone has another, also on the same machine. */
export function checkoutInstance(environment: Environment): Instance {
  const states = join(environment["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "prism");
  const folder = environment["PRISM_STATE_DIR"] || join(states, named(checkout));
  return { name: `prism-${named(resolve(folder))}`, folder: resolve(folder), temporary: false };
}

/** An instance for one run of tests. */
export function temporaryInstance(): Instance {
  const folder = mkdtempSync(join(tmpdir(), "prism-run-"));
  return { name: basename(folder).toLowerCase(), folder, temporary: true };
}

/** Before anything is put there. */
export function makeFolder({ folder }: Instance): void {
  mkdirSync(folder, { recursive: true });
  // Root lets others pass through, not look: Postgres runs as another user below this folder.
  chmodSync(folder, process.getuid?.() === 0 ? 0o711 : 0o700);
}

export const stateFile = ({ folder }: Instance): string => join(folder, "stack.json");
export const lockFile = ({ folder }: Instance): string => join(folder, "stack.lock");

export function logFile({ folder }: Instance, name: string): string {
  const logs = join(folder, "logs");
  mkdirSync(logs, { recursive: true });
  return join(logs, `${name}.log`);
}

/** Makes the folder of one server; elsewhere for one that runs as a user who may not enter root's home. */
export async function serverFolder(
  instance: Instance,
  server: Server,
  user: User | undefined,
): Promise<string> {
  const reaches = user === undefined || (await reachable(instance.folder, user));
  const parent = reaches ? instance.folder : elsewhere(instance);
  if (!reaches) mkdirSync(parent, { recursive: true, mode: 0o711 });
  const folder = join(parent, server.name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  return folder;
}

/** Removes every trace of it. */
export function purge(instance: Instance): void {
  rmSync(instance.folder, { recursive: true, force: true });
  rmSync(elsewhere(instance), { recursive: true, force: true });
}

/** One password for all servers of the instance: made once, whoever comes first. */
export const instanceSecret = ({ folder }: Instance): string =>
  once(join(folder, "secret"), () => randomBytes(24).toString("base64url"));

/** The file's text, made by `make` if the file is not there; of two that make it at once, one wins for both. */
export function once(file: string, make: () => string): string {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, make(), { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(file, "utf8");
}

const elsewhere = ({ name }: Instance): string => join("/var/lib/prism", name);

function named(path: string): string {
  const hash = createHash("sha256").update(path).digest("hex").slice(0, 8);
  const readable = basename(path)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return `${readable || "checkout"}-${hash}`;
}
