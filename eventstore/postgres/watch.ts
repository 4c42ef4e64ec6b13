import type { Client, Pool } from "pg";
import { StoreError } from "../event-store.ts";
import { lastingConnection } from "./pool.ts";
import { isUnavailable, storeError } from "./store-error.ts";

export type Watch<T> = {
  /** What is read once it passes `test`: now, or when it has changed; `undefined` on abort. */
  until(test: (value: T) => boolean, signal?: AbortSignal): Promise<T | undefined>;
  /** Something may have changed: look now and not only at the next poll. */
  hint(): void;
  close(): void;
};

type Waiter<T> = {
  readonly passes: (value: T) => boolean;
  readonly resolve: (value: T | undefined) => void;
  readonly reject: (error: unknown) => void;
};

export type WatchOptions<T> = {
  readonly pool: Pool;
  readonly channel: string;
  /** Whether to LISTEN; without it (behind a pooler that cannot) polling alone does the work. */
  readonly listen: boolean;
  readonly pollMs: number;
  readonly read: () => Promise<T>;
};

/**
 * Waits for a value in the database to change. One poll and one LISTEN serve everybody who waits in this process.
 * A notification is only a hint to look sooner: what it says is not believed, and without it the poll finds the
 * change. While the server is away it keeps looking; an error that waiting cannot mend goes to those who wait.
 */
export function watch<T>({ pool, channel, listen, pollMs, read }: WatchOptions<T>): Watch<T> {
  const waiters = new Set<Waiter<T>>();
  const listening = listen ? listener(pool, channel, hint) : undefined;
  let poll: NodeJS.Timeout | undefined;
  let looking = false;
  let again = false;
  let closed = false;

  function hint(): void {
    if (looking) again = true;
    else if (waiters.size > 0) void look();
  }

  async function look(): Promise<void> {
    looking = true;
    do {
      again = false;
      try {
        const value = await read();
        for (const waiter of [...waiters]) if (waiter.passes(value)) waiter.resolve(value);
      } catch (error) {
        const failure = storeError("look for changes", error);
        if (!isUnavailable(failure)) for (const waiter of [...waiters]) waiter.reject(failure);
      }
    } while (again && waiters.size > 0);
    looking = false;
  }

  function attend(waiter: Waiter<T>): void {
    waiters.add(waiter);
    poll ??= setInterval(hint, pollMs);
    listening?.start();
    hint();
  }

  function leave(waiter: Waiter<T>): void {
    waiters.delete(waiter);
    if (waiters.size > 0) return;
    clearInterval(poll);
    poll = undefined;
  }

  return {
    hint,
    until: (passes, signal) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(closedError());
        if (signal?.aborted) return resolve(undefined);
        const settled =
          <V>(settle: (value: V) => void) =>
          (value: V) => {
            leave(waiter);
            signal?.removeEventListener("abort", abort);
            settle(value);
          };
        const waiter: Waiter<T> = { passes, resolve: settled(resolve), reject: settled(reject) };
        const abort = () => waiter.resolve(undefined);
        signal?.addEventListener("abort", abort);
        attend(waiter);
      }),
    close() {
      closed = true;
      listening?.stop();
      for (const waiter of [...waiters]) waiter.reject(closedError());
    },
  };
}

const closedError = () => new StoreError("StoreClosed", "the event store is closed");

/** Keeps one LISTEN up; every notification and every new connection is a hint, since some may have been missed. */
function listener(pool: Pool, channel: string, hint: () => void) {
  const retryMs = 1_000;
  let client: Client | undefined;
  let state: "idle" | "up" | "stopped" = "idle";

  let retry: NodeJS.Timeout | undefined;

  const lost = () => {
    client = undefined;
    if (state !== "up" || retry !== undefined) return;
    retry = setTimeout(again, retryMs).unref();
  };
  const again = () => {
    retry = undefined;
    if (state === "up") void connect();
  };

  async function connect(): Promise<void> {
    try {
      const fresh = await lastingConnection(pool, lost);
      if (state === "stopped") return void (await fresh.end());
      client = fresh;
      fresh.on("notification", hint);
      await fresh.query(`listen ${channel}`);
      hint();
    } catch {
      // One that stands and does not listen is no use, and says itself that it has gone.
      if (client === undefined) lost();
      else client.end().catch(() => {});
    }
  }

  return {
    start() {
      if (state !== "idle") return;
      state = "up";
      void connect();
    },
    stop() {
      state = "stopped";
      client?.end().catch(() => {});
    },
  };
}
