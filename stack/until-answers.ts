import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks until it answers, each time for at most five seconds. Rejects with the last failure
 * when `patienceMs` are over, or at once when `ended` settles or the signal aborts.
 */
export async function untilAnswers(
  ask: (signal: AbortSignal) => Promise<void>,
  { patienceMs, signal, ended }: { patienceMs: number; signal: AbortSignal; ended?: Promise<string> },
): Promise<void> {
  const stop = new AbortController();
  const death = ended?.then((how) => {
    stop.abort();
    throw new Error(`it ended: ${how}`);
  });
  await Promise.race([
    asking(ask, patienceMs, AbortSignal.any([signal, stop.signal])),
    ...(death ? [death] : []),
  ]);
}

async function asking(
  ask: (signal: AbortSignal) => Promise<void>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 250)) {
    signal.throwIfAborted();
    try {
      return await ask(AbortSignal.any([signal, AbortSignal.timeout(5_000)]));
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(pauseMs, undefined, { signal });
  }
}
