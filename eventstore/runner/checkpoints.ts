import type { Pool, PoolClient } from "pg";
import { transaction } from "../postgres/transaction.ts";
import type { Fold } from "./fold.ts";
import { createTables } from "./tables.ts";

/** How far one version of a projection has read, as everybody sees it. */
export type Checkpoint = {
  readonly projection: string;
  readonly version: number;
  readonly position: bigint;
  readonly built: boolean;
};

/** A leader's right to write: void as soon as another one has taken over. */
export type Term = { readonly fold: Fold; readonly epoch: bigint; position: bigint; built: boolean };

export const projectionsChannel = "prism_projections";

/** Thrown where a leader finds that it leads no more; nothing of the transaction is kept. */
export class Deposed extends Error {
  override readonly name = "Deposed";
}

export async function readCheckpoints(pool: Pool): Promise<readonly Checkpoint[]> {
  const { rows } = await pool.query<Omit<Checkpoint, "position"> & { position: string }>({
    name: "projections-checkpoints",
    text: "select projection, version, position, built from projections.checkpoints",
  });
  return rows.map((row) => ({ ...row, position: BigInt(row.position) }));
}

/** Begins a term: makes the tables if they are not there, and voids every earlier leader's right to write. */
export const takeOver = (pool: Pool, fold: Fold): Promise<Term> =>
  transaction(pool, async (client) => {
    const { rows } = await client.query<{ epoch: string; position: string; built: boolean }>(
      `insert into projections.checkpoints as mine (projection, version, epoch) values ($1, $2, 1)
       on conflict (projection, version) do update set epoch = mine.epoch + 1
       returning epoch, position, built`,
      [fold.name, fold.version],
    );
    const [row] = rows;
    if (row === undefined) throw new Error(`no checkpoint of ${fold.name} came back`);
    await createTables(client, fold, BigInt(row.position) > 0n);
    return { fold, epoch: BigInt(row.epoch), position: BigInt(row.position), built: row.built };
  });

/**
 * Runs `body` as the leader. The checkpoint row is locked first and to the end: between the check of the epoch and
 * the commit nobody else can take over, and no batch and no repair run side by side.
 */
export const asLeader = <T>(
  pool: Pool,
  term: Term,
  body: (client: PoolClient, position: bigint) => Promise<T>,
): Promise<T> =>
  transaction(pool, async (client) => {
    const { fold } = term;
    const { rows } = await client.query<{ epoch: string; position: string }>({
      name: "projections-fence",
      text: "select epoch, position from projections.checkpoints where projection = $1 and version = $2 for update",
      values: [fold.name, fold.version],
    });
    if (rows[0]?.epoch !== String(term.epoch))
      throw new Deposed(`${fold.name} v${fold.version} is led by another`);
    return body(client, BigInt(rows[0].position));
  });

/** Moves the checkpoint within the leader's transaction and tells those who wait for it. */
export async function moveCheckpoint(
  client: PoolClient,
  { fold }: Term,
  from: bigint,
  to: bigint,
): Promise<void> {
  const { rowCount } = await client.query({
    name: "projections-move",
    text: `with moved as (update projections.checkpoints set position = $4, changed_at = now()
             where projection = $1 and version = $2 and position = $3 and $4::bigint > $3 returning 1)
           select pg_notify('${projectionsChannel}', '') from moved`,
    values: [fold.name, fold.version, from, to],
  });
  if (rowCount !== 1) throw new Deposed(`${fold.name} v${fold.version} cannot move from ${from} to ${to}`);
}

/**
 * Lets the version be served. Refused while an older version that is served is further on: nobody who has read
 * from that one may be taken back in time.
 */
export const markBuilt = (pool: Pool, term: Term): Promise<boolean> =>
  asLeader(pool, term, async (client) => {
    const { rowCount } = await client.query(
      `with served as (
         update projections.checkpoints mine set built = true
         where projection = $1 and version = $2 and position >= (
           select coalesce(max(position), 0) from projections.checkpoints older
           where older.projection = $1 and older.version < $2 and older.built)
         returning 1)
       select pg_notify('${projectionsChannel}', '') from served`,
      [term.fold.name, term.fold.version],
    );
    return rowCount === 1;
  });
