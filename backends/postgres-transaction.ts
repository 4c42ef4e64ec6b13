import type { Pool, PoolClient } from "pg";
import { asking } from "./ask.ts";
import type { Timed } from "./timed.ts";

/** One statement of the transaction at hand; answers its rows. */
export type Query = <Row>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

const ask = asking("Postgres");

/** The server gives up when the client does: no statement outlives its call, also where the network does not say so. */
export async function inTransaction<T>(
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
