import { fileURLToPath } from "node:url";
import type { Pool } from "pg";
import type { JsonObject } from "../domain/json.ts";
import type { EventStore } from "./event-store.ts";
import { once } from "./once.ts";
import { migrate } from "./postgres/migrate.ts";
import { watch } from "./postgres/watch.ts";
import { projectionsChannel, readCheckpoints } from "./runner/checkpoints.ts";
import type { Fold } from "./runner/fold.ts";
import { lead } from "./runner/lead.ts";
import { leaderLocks } from "./runner/leader-locks.ts";
import type { ProjectionLog } from "./runner/log.ts";
import type { ProjectionReader } from "./runner/reader.ts";
import { tableReader } from "./runner/table-reader.ts";
import { assertTableName } from "./runner/tables.ts";

/** Any `Projection<E, Row>`; its event and row types are the definition's own. */
export type AnyProjection = Pick<Fold, "name" | "version" | "temporal" | "streams"> & {
  readonly key: (event: never) => string | undefined;
  readonly apply: (row: never, event: never) => JsonObject | undefined;
};

const migrations = {
  schema: "projections",
  folder: fileURLToPath(new URL("./runner/migrations", import.meta.url)),
};

type RowOf<P extends AnyProjection> = Exclude<ReturnType<P["apply"]>, undefined>;
type Readers<Ps extends readonly AnyProjection[]> = {
  readonly [I in keyof Ps]: ProjectionReader<RowOf<Ps[I]>>;
};

export type RunnerDependencies = {
  /** The control database; the pool stays the caller's to end, after `stopped`. */
  readonly pool: Pool;
  readonly store: EventStore;
  readonly log: ProjectionLog;
  /** How often the tables are compared with a fresh fold of the log. Default 60,000. */
  readonly verifyMs?: number;
};

/**
 * Folds the log into tables and serves them; several processes may run it on one database.
 *
 * Each projection is led by one process at a time, which writes rows and checkpoint in one transaction; when it
 * dies, another goes on where it stood. A raised version is built beside the one that is served and takes its place
 * when it has read the whole log. Errors: `BACKEND_UNAVAILABLE` while the very first version is being built; `StoreError` where the
 * database does not answer.
 *
 * `readers` are in the order of `definitions`. `stopped` resolves after `signal`, when every connection is back.
 */
export function projections<const Ps extends readonly AnyProjection[]>(
  { pool, store, log, verifyMs = 60_000 }: RunnerDependencies,
  definitions: Ps,
  signal: AbortSignal,
): { readonly readers: Readers<Ps>; readonly stopped: Promise<void> } {
  const folds = definitions as unknown as readonly Fold[];
  for (const fold of folds) assertTableName(fold);
  const ready = once(() => migrate(pool, migrations));
  const checkpoints = watch({
    pool,
    channel: projectionsChannel,
    listen: true,
    pollMs: 500,
    read: () => ready().then(() => readCheckpoints(pool)),
  });
  const locks = leaderLocks(pool);
  const leading = folds.map((fold) => lead({ pool, store, locks, log, ready, verifyMs }, fold, signal));
  const stopped = Promise.all(leading).then(async () => {
    checkpoints.close();
    await locks.close();
  });
  const readers = folds.map((fold) => tableReader({ pool, store, checkpoints, ready }, fold));
  return { readers: readers as unknown as Readers<Ps>, stopped };
}
