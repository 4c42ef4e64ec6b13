import type { Pool } from "pg";
import { unavailable } from "../ask.ts";
import { releaseRelay } from "./layouts.ts";
import { named } from "./segments.ts";

type Of = { readonly namespace: string; readonly incarnation: number };

/**
 * Puts up the fence: nothing is added to the log from then on, whoever tries and however late,
 * since every publish looks for it under the lock that it takes. Again is no mistake.
 */
export async function closeLog(pool: Pool, { namespace, incarnation }: Of): Promise<void> {
  await ask(`close the log of ${namespace}`, async () => {
    if (!(await isThere(pool))) return;
    await pool.query(
      "update prism_log.log_head set state = 'closed' where namespace = $1 and incarnation = $2",
      [namespace, incarnation],
    );
    // What an update could not take down must not keep the log from being relayed.
    await releaseRelay(pool, { namespace, incarnation });
  });
}

/** Takes the fence down again: the delete that put it up has failed. */
export async function reopenLog(pool: Pool, { namespace, incarnation }: Of): Promise<void> {
  await ask(`open the log of ${namespace} again`, async () => {
    if (!(await isThere(pool))) return;
    await pool.query(
      "update prism_log.log_head set state = 'open' where namespace = $1 and incarnation = $2",
      [namespace, incarnation],
    );
  });
}

/** How many messages the backend has not got yet. After `closeLog` it only falls. */
export async function backlog(pool: Pool, { namespace, incarnation }: Of): Promise<number> {
  return ask(`count what the log of ${namespace} still holds`, async () => {
    if (!(await isThere(pool))) return 0;
    const { rows } = await pool.query<{ pending: string }>(
      `select h.position - r.relayed as pending from prism_log.log_head h
       join prism_log.relay r using (namespace, incarnation) where namespace = $1 and incarnation = $2`,
      [namespace, incarnation],
    );
    return Number(rows[0]?.pending ?? 0);
  });
}

/**
 * Has the relay send again what was recorded within the last `windowMs`: for when a broker has
 * lost what it had acknowledged. Consumers recognise what they have seen. Answers how many.
 */
export async function rewindRelay(
  pool: Pool,
  { namespace, incarnation, table, windowMs }: Of & { readonly table: string; readonly windowMs: number },
): Promise<number> {
  return ask(`rewind the relay of ${namespace}`, async () => {
    const { rows } = await pool.query<{ again: string }>(
      `with first as (
         select min(position) as position from ${named(table)}
         where recorded_at > now() - $3 * interval '1 ms'
       ), before as (select relayed from prism_log.relay where namespace = $1 and incarnation = $2)
       update prism_log.relay r set epoch = epoch + 1, relayed = least(r.relayed, first.position - 1)
       from first, before where r.namespace = $1 and r.incarnation = $2 and first.position is not null
       returning before.relayed - r.relayed as again`,
      [namespace, incarnation, windowMs],
    );
    return Number(rows[0]?.again ?? 0);
  });
}

/** No proxy has ever served a log here. */
async function isThere(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ there: boolean }>(
    "select to_regclass('prism_log.layouts') is not null as there",
  );
  return rows[0]?.there === true;
}

async function ask<T>(what: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (cause) {
    throw unavailable("Postgres", what, cause);
  }
}
