import { spawn } from "node:child_process";
import type { Environment } from "./lookup.ts";

export type RunOptions = {
  readonly env: Environment;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly signal?: AbortSignal;
  /** Only with what nobody else wants of the processor. */
  readonly idly?: boolean;
};

/**
 * Runs a command to its end and answers what it wrote, both streams together. Rejects with
 * the last lines when it fails; an abort kills it with everything it started.
 */
export function runCommand(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { env, cwd, user, signal, idly = false } = options;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const [first = program, ...rest] = idly ? ["nice", "-n", "19", program, ...args] : [program, ...args];
    const child = spawn(first, rest, {
      env: { ...env },
      cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    let written = "";
    const hear = (chunk: Buffer) => {
      written += chunk;
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    const abort = () => child.pid !== undefined && process.kill(-child.pid, "SIGKILL");
    signal?.addEventListener("abort", abort, { once: true });
    child.once("error", reject);
    child.once("close", (code, killedBy) => {
      signal?.removeEventListener("abort", abort);
      if (code === 0) return resolve(written);
      const how = killedBy === null ? `exit code ${code}` : killedBy;
      const said = written.trim().split("\n").slice(-8).join("\n");
      reject(signal?.aborted === true ? signal.reason : new Error(`${program} failed (${how}): ${said}`));
    });
  });
}
