import type { Log } from "./log.ts";

type Step = { readonly name: string; readonly stop: () => Promise<unknown> | unknown };

/**
 * Stops a process once, in the order of `steps`: first what takes work in, last what the
 * work needs. A step that fails is logged and the others go on; past `timeoutMs` the
 * process leaves anyway, because whoever stopped it is waiting.
 */
export function stopOnSignal(log: Log, steps: readonly Step[], timeoutMs = 15_000): void {
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "stopping");
    setTimeout(() => {
      log.error("did not stop in time");
      process.exit(1);
    }, timeoutMs).unref();
    for (const step of steps) {
      try {
        await step.stop();
      } catch (error) {
        log.error({ error: String(error), step: step.name }, "could not stop");
      }
    }
    log.info("stopped");
    process.exit(0);
  };
  process.once("SIGTERM", () => stop("SIGTERM"));
  process.once("SIGINT", () => stop("SIGINT"));
}

type Process = {
  on(event: "unhandledRejection" | "uncaughtException", listener: (why: unknown) => void): unknown;
  exit(code: number): unknown;
};

/**
 * Logs what nobody has caught, and ends the process: whose it was is not known, so neither is what of it was done.
 * What was promised is in stores, as after a kill; whoever runs the process starts it again.
 */
export function endOnUnexpected(log: Log, of: Process = process): void {
  const end = (why: unknown): void => {
    log.fatal({ err: why instanceof Error ? why : new Error(String(why)) }, "unexpected: this process ends");
    of.exit(1);
  };
  of.on("unhandledRejection", end);
  of.on("uncaughtException", end);
}

/**
 * Runs a process's composition root; what it throws is told in one line with its cause
 * and ends the process, so that a missing server is named and not buried in a stack.
 */
export function run(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
    if (error instanceof Error && error.name !== "PrismError") process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
}
