import { cpus, totalmem } from "node:os";
import { setTimeout as pause } from "node:timers/promises";

/** What the figures were measured on, in one line. */
export function machine(): string {
  const cores = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cores.length} cores (${cores[0]?.model.trim() ?? "unknown"}), ${memory}, Node ${process.version}`;
}

/** The share of all cores' time that was used during the next second, while this process only waits. */
export async function busyWithOthers(): Promise<number> {
  const before = times();
  await pause(1_000);
  const after = times();
  return (after.used - before.used) / (after.all - before.all);
}

function times(): { used: number; all: number } {
  let used = 0;
  let all = 0;
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.irq + times.idle;
    all += sum;
    used += sum - times.idle;
  }
  return { used, all };
}
