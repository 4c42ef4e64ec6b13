import { setTimeout as pause } from "node:timers/promises";
import type { DatabaseError, Pool, PoolClient } from "pg";
import { asking } from "./ask.ts";
import type { Timed } from "./timed.ts";

/** One statement of the transaction at hand; answers its rows. */
export type Query = <Row>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

const ask = asking("Postgres");

/**
 * Whole or not at all. The server gives up when the client does: no statement outlives its call, also where
 * the network does not say so. Where another transaction was quicker, `body` runs again on what that left.
 */
export async function inTransaction<T>(
  pool: Pool,
  what: string,
  timed: Timed,
  body: (query: Query) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(pool, what, timed, body);
    } catch (error) {
      if (attempt === mostAttempts || !isOvertaken((error as Error).cause)) throw error;
      await pause(attempt * pauseMs);
    }
  }
}

const mostAttempts = 5;
const pauseMs = 20;

/** Roles are the whole server's, and no lock of ours reaches beyond one database. */
function isOvertaken(cause: unknown): boolean {
  const { code, constraint, message } = (cause ?? {}) as Partial<DatabaseError>;
  switch (code) {
    case "23505": // The catalogue's own index: the role was made, or commented on, at the same time.
      return constraint?.startsWith("pg_") === true;
    case "42710": // There is such a role by now.
    case "42704": // There is none any more.
    case "2BP01": // It has rights again.
      return true;
    default:
      return /^tuple concurrently (updated|deleted)/.test(message ?? "");
  }
}

async function once<T>(
  pool: Pool,
  what: string,
  timed: Timed,
  body: (query: Query) => Promise<T>,
): Promise<T> {
  const client = await ask(what, timed, () => pool.connect());
  let held = true;
  const release = (broken: boolean) => {
    if (held) client.release(broken);
    held = false;
  };
  const hangUp = () => release(true);
  timed.signal.addEventListener("abort", hangUp, { once: true });
  const query: Query = (text, values) =>
    ask(what, timed, async () => (await client.query(text, values === undefined ? [] : [...values])).rows);
  try {
    timed.throwIfOver();
    const left = timed.leftMs();
    await ask(what, timed, () =>
      client.query(
        `begin; set local statement_timeout = ${left}; set local idle_in_transaction_session_timeout = ${left}`,
      ),
    );
    const result = await body(query);
    await query("commit");
    return result;
  } catch (error) {
    if (!timed.signal.aborted) await rollBack(client);
    throw error;
  } finally {
    timed.signal.removeEventListener("abort", hangUp);
    release(timed.signal.aborted);
  }
}

const rollBack = (client: PoolClient): Promise<unknown> => client.query("rollback").catch(() => undefined);
