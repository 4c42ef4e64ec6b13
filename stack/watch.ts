import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { checkout, type Instance, logFile } from "./instance.ts";
import type { ProcessId } from "./process-id.ts";

const watched = new Set<string>();

/** Starts the watchdog for `owner`, which is this process; one an instance is enough. */
export function watch(instance: Instance, owner: ProcessId): void {
  if (watched.has(instance.folder)) return;
  watched.add(instance.folder);
  const log = openSync(logFile(instance, "watchdog"), "a", 0o600);
  const program = join(import.meta.dirname, "watchdog.ts");
  const child = spawn(process.execPath, [program, JSON.stringify(instance), JSON.stringify(owner)], {
    cwd: checkout,
    detached: true,
    stdio: ["pipe", log, log],
  });
  closeSync(log);
  child.unref();
  // Held, never written to, and no reason for this process to stay.
  const { stdin } = child;
  if (stdin !== null && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
}
