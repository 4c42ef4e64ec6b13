import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { alive, type ProcessId, self } from "./process-id.ts";

type Waiting = (holder: ProcessId) => void;

export type LockOptions = { readonly waiting?: Waiting; readonly signal?: AbortSignal };

/** Runs `body` while no other process holds the same lock file. */
export async function locked<T>(file: string, body: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const release = await lock(file, options);
  try {
    return await body();
  } finally {
    release();
  }
}

/**
 * Takes the lock, waiting for its holder, and answers how to give it back. A holder that
 * died, however it died, holds nothing: its file names a process that no longer lives and
 * is taken over.
 */
export async function lock(file: string, { waiting, signal }: LockOptions = {}): Promise<() => void> {
  mkdirSync(dirname(file), { recursive: true });
  const mine = JSON.stringify({ ...self(), nonce: crypto.randomUUID() });
  let told = false;
  while (!acquire(file, mine)) {
    signal?.throwIfAborted();
    const holder = read(file)?.holder;
    if (!told && holder !== undefined) waiting?.(holder);
    told = true;
    await sleep(100);
  }
  return () => {
    if (read(file)?.text === mine) rmSync(file, { force: true });
  };
}

function acquire(file: string, mine: string): boolean {
  const draft = `${file}.${crypto.randomUUID()}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const current = read(file);
    if (current === undefined || (current.holder !== undefined && alive(current.holder))) return false;
    return takeOver(file, current.text, draft, mine);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Puts `draft` in the place of what the dead one left. For that there is a lock too, whose holder may have died too. */
function takeOver(file: string, left: string, draft: string, mine: string): boolean {
  const turn = `${file}.takeover`;
  if (!acquire(turn, mine)) return false;
  try {
    // Whoever had the turn before has it already.
    if (read(file)?.text !== left) return false;
    renameSync(draft, file);
    return true;
  } finally {
    rmSync(turn, { force: true });
  }
}

/** A file without a readable holder counts as a dead holder's: files appear whole, by link or rename. */
function read(file: string): { text: string; holder: ProcessId | undefined } | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  try {
    const { pid, startTime } = JSON.parse(text) as ProcessId;
    return { text, holder: { pid, startTime } };
  } catch {
    return { text, holder: undefined };
  }
}
