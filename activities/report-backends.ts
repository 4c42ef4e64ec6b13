import type { Backend } from "../backends/backend.ts";
import type { BackendReport, BackendReports } from "../control/backend-reports.ts";
import type { Log } from "../runtime/log.ts";

type Reporting = {
  readonly backends: Iterable<Backend>;
  readonly reports: BackendReports;
  readonly log: Log;
  readonly everyMs: number;
};

/** Looks at every backend now and then, for people to see. Selection never asks how a backend feels. */
export function reportBackends({ backends, reports, log, everyMs }: Reporting): { stop(): Promise<void> } {
  const stopped = new AbortController();
  const round = async (): Promise<void> => {
    const seen = await Promise.all([...backends].map((backend) => look(backend, stopped.signal)));
    if (stopped.signal.aborted) return;
    for (const report of seen) await reports.put(report);
  };
  let running = Promise.resolve();
  const next = (): void => {
    running = round().catch((error: unknown) =>
      log.warn({ error: String(error) }, "how the backends are was not reported"),
    );
  };
  next();
  const timer = setInterval(next, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      stopped.abort(new Error("the worker is stopping"));
      await running;
    },
  };
}

async function look(backend: Backend, signal: AbortSignal): Promise<BackendReport> {
  try {
    await backend.health(signal);
    const { version = null, used = {}, warning: message = null } = (await backend.usage?.(signal)) ?? {};
    return { backend: backend.kind, healthy: true, message, version, used };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { backend: backend.kind, healthy: false, message, version: null, used: {} };
  }
}
