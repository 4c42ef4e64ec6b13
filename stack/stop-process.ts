import { setTimeout as sleep } from "node:timers/promises";
import { alive, type ProcessId } from "./process-id.ts";

/**
 * Ends a process that leads its own group: each signal in turn, and SIGKILL to the whole
 * group in the end. Resolves when it is gone, rejects if even that did not help.
 */
export async function stopProcess(
  id: ProcessId,
  signals: readonly NodeJS.Signals[] = ["SIGTERM"],
  patienceMs = 10_000,
): Promise<void> {
  for (const signal of signals) {
    if (!alive(id)) return;
    send(id.pid, signal);
    if (await gone(id, patienceMs)) return;
  }
  send(-id.pid, "SIGKILL");
  send(id.pid, "SIGKILL");
  if (!(await gone(id, patienceMs))) throw new Error(`process ${id.pid} survived SIGKILL`);
}

async function gone(id: ProcessId, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (alive(id)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
