import type { Environment } from "./lookup.ts";
import { whenOrphaned } from "./orphaned.ts";

export type Stopping = {
  /** Aborts when this process is asked to stop. */
  readonly signal: AbortSignal;
  /** Resolves then, and keeps the process alive until then. */
  toBeAsked(): Promise<void>;
};

/**
 * Turns the wish to stop (Ctrl-C, SIGTERM, a closed terminal, the end of who started us)
 * into one signal. A second Ctrl-C leaves at once; the watchdog then does the stopping.
 */
export function signals(environment: Environment): Stopping {
  const stop = new AbortController();
  const asked = Promise.withResolvers<void>();
  let since: number | undefined;
  const ask = (name: string) => {
    // npm, the terminal and the bootstrap may each deliver the same Ctrl-C.
    if (since !== undefined && name === "SIGINT" && performance.now() - since > 1_000) process.exit(130);
    if (since !== undefined) return;
    since = performance.now();
    stop.abort(new Error(`stopped by ${name}`));
    asked.resolve();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => ask(name));
  whenOrphaned(environment, () => ask("the end of its parent"));
  const toBeAsked = () => {
    // Neither a signal handler nor a promise keeps a process alive.
    const alive = setInterval(() => undefined, 60_000);
    return asked.promise.finally(() => clearInterval(alive));
  };
  return { signal: stop.signal, toBeAsked };
}
