import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import type { Thing } from "../domain/reconcile/thing.ts";
import type { Backend, Call, Ensured, Observed, Size, Usage } from "./backend.ts";

/** The time a call still has. Whoever asks the backend something looks here first. */
export type Timed = {
  /** Aborts with the caller's signal and when the time is over. */
  readonly signal: AbortSignal;
  throwIfOver(): void;
  /** Milliseconds, at least 1: for servers that can be told when to give up. */
  leftMs(): number;
  /** The backend has answered: what may take long, a removal or a list, begins its time anew. */
  answered(): void;
};

/** The same call while it waits for something to show: that it looked once more does not give it more time. */
export const onlyWaiting = (timed: Timed): Timed => ({ ...timed, answered() {} });

export type TimedCall = Call & { readonly timed: Timed };

/** A backend as its author writes it: the time is kept by `bounded`. */
export type Unbounded = Pick<Backend, "kind" | "close"> & {
  observe(resource: Resource, call: TimedCall): Promise<Observed>;
  ensure(resource: Resource, call: TimedCall): Promise<Ensured>;
  remove(resource: Resource, call: TimedCall): Promise<{ removed: boolean }>;
  list(timed: Timed): Promise<readonly Thing[]>;
  measure?(resource: Resource, call: TimedCall): Promise<Size>;
  health(timed: Timed): Promise<void>;
  usage?(timed: Timed): Promise<Usage>;
};

/** Holds a backend to its deadline, whatever its client library does. `name` is how people know it. */
export function bounded(name: string, deadlineMs: number, backend: Unbounded): Backend {
  const within = <T>(
    what: string,
    signal: AbortSignal,
    renewed: boolean,
    body: (timed: Timed) => Promise<T>,
  ): Promise<T> => inTime({ what: `${name} did not ${what}`, signal, deadlineMs, renewed }, body);
  const verb =
    <T>(word: string, renewed: boolean, body: (resource: Resource, call: TimedCall) => Promise<T>) =>
    (resource: Resource, call: Call): Promise<T> =>
      within(`${word} ${resource.kind} ${resource.name}`, call.signal, renewed, (timed) =>
        body(resource, { ...call, signal: timed.signal, timed }),
      );
  const { usage, measure } = backend;
  return {
    kind: backend.kind,
    deadlineMs,
    observe: verb("show", false, backend.observe),
    ensure: verb("make", false, backend.ensure),
    remove: verb("remove", true, backend.remove),
    list: (signal) => within("list what stands in it", signal, true, backend.list),
    ...(measure && { measure: verb("measure", true, measure) }),
    health: (signal) => within("answer", signal, false, backend.health),
    ...(usage && { usage: (signal: AbortSignal) => within("tell about itself", signal, false, usage) }),
    close: backend.close,
  };
}

type Bounds = {
  readonly what: string;
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly renewed: boolean;
};

async function inTime<T>(bounds: Bounds, body: (timed: Timed) => Promise<T>): Promise<T> {
  const { what, signal, deadlineMs, renewed } = bounds;
  signal.throwIfAborted();
  const late = new AbortController();
  const either = AbortSignal.any([signal, late.signal]);
  const giveUp = () =>
    late.abort(
      new PrismError("BACKEND_UNAVAILABLE", `${what} within ${deadlineMs} ms`, {
        details: { timeout: true },
      }),
    );
  let until = performance.now() + deadlineMs;
  let timer = setTimeout(giveUp, deadlineMs);
  const timed: Timed = {
    signal: either,
    throwIfOver() {
      // By the clock too: a process that was stopped wakes up in an answer, before its timers run.
      if (performance.now() >= until) giveUp();
      either.throwIfAborted();
    },
    leftMs: () => Math.max(1, Math.round(until - performance.now())),
    answered() {
      if (!renewed || either.aborted) return;
      clearTimeout(timer);
      until = performance.now() + deadlineMs;
      timer = setTimeout(giveUp, deadlineMs);
    },
  };
  const cut = Promise.withResolvers<never>();
  const onAbort = () => cut.reject(either.reason);
  either.addEventListener("abort", onAbort, { once: true });
  try {
    // What fails because it was cut off says so by the reason, not by how its client broke.
    const work = body(timed).catch((error: unknown) => {
      throw either.aborted ? either.reason : error;
    });
    return await Promise.race([work, cut.promise]);
  } finally {
    clearTimeout(timer);
    either.removeEventListener("abort", onAbort);
  }
}
