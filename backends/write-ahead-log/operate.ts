import type { Pool } from "pg";
import { unavailable } from "../ask.ts";
import { releaseRelay } from "./layouts.ts";
import { attached } from "./segments.ts";

type Of = { readonly namespace: string; readonly incarnation: number };

/**
 * Puts up the fence: nothing is added to the log from then on, whoever tries and however late,
 * since every publish looks for it under the lock that it takes. Answers how many messages the
 * backend had not got when it was put up: that is kept with it, and answered again.
 */
export async function closeLog(pool: Pool, { namespace, incarnation }: Of): Promise<number> {
  return ask(`close the log of ${namespace}`, async () => {
    if (!(await isThere(pool))) return 0;
    await pool.query(
      `with closed as (
         update prism_log.log_head set state = 'closed'
         where namespace = $1 and incarnation = $2 and state = 'open' returning namespace, incarnation
       ) update prism_log.relay r set fenced = r.relayed
       from closed where r.namespace = closed.namespace and r.incarnation = closed.incarnation`,
      [namespace, incarnation],
    );
    // What an update could not take down must not keep the log from being relayed.
    await releaseRelay(pool, { namespace, incarnation });
    return countFrom(pool, "coalesce(r.fenced, r.relayed)", { namespace, incarnation });
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
  return ask(`count what the log of ${namespace} still holds`, async () =>
    (await isThere(pool)) ? countFrom(pool, "r.relayed", { namespace, incarnation }) : 0,
  );
}

async function countFrom(pool: Pool, position: string, { namespace, incarnation }: Of): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(
    `select h.position - ${position} as count from prism_log.log_head h
     join prism_log.relay r using (namespace, incarnation) where namespace = $1 and incarnation = $2`,
    [namespace, incarnation],
  );
  return Number(rows[0]?.count ?? 0);
}

/** Kafka's acknowledgement is not an fsync: what it may have lost is kept, and can be sent again, for so long. */
export const sentAgainMs = 3_600_000;

/**
 * Has the relay send again what was recorded within the last `windowMs`: for when a broker has
 * lost what it had acknowledged. Consumers recognise what they have seen. Answers how many it had
 * sent before, and the position of the first; whoever leads begins a new term there.
 */
export async function rewindRelay(
  pool: Pool,
  { namespace, incarnation, table, windowMs }: Of & { readonly table: string; readonly windowMs: number },
): Promise<{ readonly messages: number; readonly from: string | undefined }> {
  return ask(`rewind the relay of ${namespace}`, async () => {
    const from = (await isThere(pool)) ? await firstWithin(pool, table, windowMs) : undefined;
    if (from === undefined) return { messages: 0, from: undefined };
    const { rows } = await pool.query<{ again: string }>(
      `with before as (
         select relayed from prism_log.relay where namespace = $1 and incarnation = $2 for update
       )
       update prism_log.relay r set epoch = epoch + 1, relayed = least(r.relayed, $3::bigint - 1)
       from before where r.namespace = $1 and r.incarnation = $2
       returning before.relayed - r.relayed as again`,
      [namespace, incarnation, String(from)],
    );
    const messages = Number(rows[0]?.again ?? 0);
    return { messages, from: messages === 0 ? undefined : String(from) };
  });
}

/** The first position recorded within the window. Times never go back along positions: old segments are not looked at. */
async function firstWithin(pool: Pool, table: string, windowMs: number): Promise<bigint | undefined> {
  let first: bigint | undefined;
  for (const { name } of (await attached(pool, table)).toReversed()) {
    const { rows } = await pool.query<{ young: string | null; oldest: string | null }>(
      `select min(position) filter (where recorded_at > now() - $1 * interval '1 ms') as young,
         min(position) as oldest from prism_log.${name}`,
      [windowMs],
    );
    const { young, oldest } = rows[0] ?? { young: null, oldest: null };
    if (young !== null) first = BigInt(young);
    // It begins before the window: so do all that are older.
    if (young !== oldest) break;
  }
  return first;
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
