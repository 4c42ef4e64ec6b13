import { setTimeout as delay } from "node:timers/promises";
import type { TestPrism } from "../setup/prism.ts";
import { oneOf } from "../setup/random.ts";

/** Somebody who kills the worker again and again, and starts another one each time. */
export type Reaper = {
  /** That a worker dies at this failpoint, for as long as `within` takes. */
  during<T>(failpoint: string | undefined, within: () => Promise<T>): Promise<T>;
  /** The last worker is left alone. Answers how many were killed. */
  stop(): Promise<{ readonly atFailpoints: number; readonly atRandom: number }>;
};

/** Each worker dies at one of the failpoints that are wished for, or after a while; by SIGKILL, always. */
export function reaper({ processes }: Pick<TestPrism, "processes">, random: () => number): Reaper {
  const wishes = new Set<{ readonly failpoint: string }>();
  const killed = { atFailpoints: 0, atRandom: 0 };
  let over = false;

  const oneWorker = async (): Promise<void> => {
    const wished = wishes.size === 0 ? undefined : oneOf(random, [...wishes]);
    const began = Date.now();
    // It may meet its failpoint before anybody has seen that it is ready.
    await processes.start("worker", { PRISM_FAILPOINT: wished?.failpoint ?? "" }).catch((error: unknown) => {
      if (wished === undefined) throw error;
    });
    // Also on a busy machine it lives longer than it took to start: something has to go on.
    const deadline = Date.now() + 1_000 + random() * (5_000 + 3 * (Date.now() - began));
    while (!over && processes.running("worker") && Date.now() < deadline) await delay(50);
    if (!processes.running("worker")) {
      if (wished !== undefined) wishes.delete(wished);
      killed.atFailpoints++;
    } else if (!over) {
      await processes.stop("worker", "SIGKILL");
      killed.atRandom++;
    }
  };
  const reaping = (async () => {
    while (!over) await oneWorker();
    await processes.start("worker", { PRISM_FAILPOINT: "" });
  })();

  return {
    async during(failpoint, within) {
      const wish = failpoint === undefined ? undefined : { failpoint };
      if (wish !== undefined) wishes.add(wish);
      try {
        // Where no worker can be started any more nothing goes on.
        return await Promise.race([within(), reaping.then(() => new Promise<never>(() => {}))]);
      } finally {
        if (wish !== undefined) wishes.delete(wish);
      }
    },
    async stop() {
      over = true;
      await reaping;
      return killed;
    },
  };
}
