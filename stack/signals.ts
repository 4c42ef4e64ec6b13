import { whenOrphaned } from "./orphaned.ts";
import type { Environment } from "./server.ts";

/**
 * Turns the wish to stop (Ctrl-C, SIGTERM, a closed terminal, the end of who started us)
 * into one signal. A second Ctrl-C leaves at once; the watchdog then does the stopping.
 */
export function signals(environment: Environment): {
  readonly signal: AbortSignal;
  readonly asked: Promise<void>;
} {
  const stop = new AbortController();
  const asked = Promise.withResolvers<void>();
  let since: number | undefined;
  const ask = (name: string) => {
    // npm, the terminal and the bootstrap may each deliver the same Ctrl-C.
    if (since !== undefined && performance.now() - since > 1_000) process.exit(130);
    if (since !== undefined) return;
    since = performance.now();
    stop.abort(new Error(`stopped by ${name}`));
    asked.resolve();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => ask(name));
  whenOrphaned(environment, () => ask("the end of its parent"));
  return { signal: stop.signal, asked: asked.promise };
}
