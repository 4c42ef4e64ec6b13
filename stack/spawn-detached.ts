import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, statSync, truncateSync } from "node:fs";
import { type ProcessId, processId } from "./process-id.ts";
import type { Command, User } from "./server.ts";

export type Spawned = {
  readonly id: ProcessId;
  /** Settles when the process ends while we still live: with what to tell a person. */
  readonly ended: Promise<string>;
};

const keptLogBytes = 16 * 1024 * 1024;

/**
 * Starts a process that outlives us: a session of its own, no terminal, output to a file.
 * Throws when the program cannot be run at all.
 */
export function spawnDetached(
  command: Command,
  { cwd, logFile, user }: { cwd: string; logFile: string; user?: User | undefined },
): Spawned {
  limit(logFile);
  const log = openSync(logFile, "a", 0o600);
  try {
    const child = spawn(command.program, [...command.args], {
      cwd,
      env: { ...command.env },
      detached: true,
      stdio: ["ignore", log, log],
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    const ended = ending(child);
    child.unref();
    const id = child.pid === undefined ? undefined : processId(child.pid);
    if (id === undefined) throw new Error(`cannot run ${command.program}`);
    return { id, ended };
  } finally {
    closeSync(log);
  }
}

const ending = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });

function limit(logFile: string): void {
  try {
    if (statSync(logFile).size > keptLogBytes) truncateSync(logFile);
  } catch {
    // There is none yet.
  }
}
