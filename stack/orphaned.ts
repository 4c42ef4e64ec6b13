import type { Environment } from "./lookup.ts";

/**
 * Calls `stop` when the bootstrap that started this process is gone without having passed
 * on a signal: it was killed. Started by hand, a process answers to nobody.
 */
export function whenOrphaned(environment: Environment, stop: () => void): void {
  if (environment["PRISM_BOOTSTRAP"] !== "1") return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, 1_000);
  watch.unref();
}
