import type { Client, Pool } from "pg";
import { pause } from "../pause.ts";
import { lastingConnection } from "../postgres/pool.ts";
import { advisoryLocks } from "../postgres/transaction.ts";

export type Leadership = {
  /** Aborted when the connection that holds the lock is gone, and the lock with it. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
};

export type LeaderLocks = {
  /** Waits until this process leads `name`; `undefined` on abort. */
  lead(name: string, signal: AbortSignal): Promise<Leadership | undefined>;
  close(): Promise<void>;
};

/**
 * Session locks on one connection of its own: a process that dies loses them with its connection, and another takes
 * over within `retryMs`. Between the loss and its being noticed two may think they lead; the epoch decides then.
 */
export function leaderLocks(pool: Pool, retryMs = 500): LeaderLocks {
  let session: Promise<{ client: Client; lost: AbortSignal }> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  function connect() {
    const gone = new AbortController();
    const fresh = lastingConnection(pool, () => {
      session = undefined;
      gone.abort();
    }).then((client) => ({ client, lost: gone.signal }));
    fresh.catch(() => {
      session = undefined;
    });
    return fresh;
  }

  /** One statement at a time: the connection is shared by everything this process leads. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work, work);
    turn = result.catch(() => {});
    return result;
  }

  const attempt = (name: string) =>
    inTurn(async (): Promise<Leadership | undefined> => {
      session ??= connect();
      const { client, lost } = await session;
      const ask = async (what: string) => {
        const { rows } = await client.query<{ done: boolean }>(`select ${what}($1, hashtext($2)) as done`, [
          advisoryLocks.projection,
          name,
        ]);
        return rows[0]?.done === true;
      };
      if (!(await ask("pg_try_advisory_lock"))) return undefined;
      // A lock whose connection is gone is released already.
      const release = () => inTurn(() => ask("pg_advisory_unlock")).then(ignore, ignore);
      return { lost, release };
    });

  return {
    async lead(name, signal) {
      while (!signal.aborted) {
        const leadership = await attempt(name).catch(() => undefined);
        if (leadership !== undefined) return leadership;
        await pause(retryMs, signal);
      }
      return undefined;
    },
    async close() {
      const open = await session?.catch(() => undefined);
      await open?.client.end();
    },
  };
}

const ignore = () => {};
