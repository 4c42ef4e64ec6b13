import type { Pool } from "pg";
import { advisoryLocks, transaction } from "../postgres/transaction.ts";
import type { Term } from "./checkpoints.ts";
import type { Fold } from "./fold.ts";
import { historyOf, tableOf } from "./tables.ts";

/** The older versions of a projection that no process leads at this moment. */
export async function abandonedVersions(pool: Pool, { fold }: Term): Promise<readonly number[]> {
  const { rows } = await pool.query<{ version: number }>(
    `select version from projections.checkpoints where projection = $1 and version < $2 and not exists (
       select from pg_locks where locktype = 'advisory' and classid = $3
         and objid::bigint = hashtext(projection || ' v' || version)::bigint & 4294967295
         and database = (select oid from pg_database where datname = current_database()))`,
    [fold.name, fold.version, advisoryLocks.projection],
  );
  return rows.map(({ version }) => version);
}

/** Drops an older version. Should a process still know it, it finds itself deposed and would build it anew. */
export const dropVersion = (pool: Pool, { name }: Fold, version: number): Promise<void> =>
  transaction(pool, async (client) => {
    await client.query("delete from projections.checkpoints where projection = $1 and version = $2", [
      name,
      version,
    ]);
    await client.query(`drop table if exists ${tableOf(name, version)}, ${historyOf(name, version)}`);
  });
