import { fileURLToPath } from "node:url";
import type { Pool } from "pg";
import type { JsonObject } from "../domain/json.ts";
import type { EventStore } from "./event-store.ts";
import { once } from "./once.ts";
import { migrate } from "./postgres/migrate.ts";
import { storeError } from "./postgres/store-error.ts";
import { watch } from "./postgres/watch.ts";
import { type Checkpoint, projectionsChannel, readCheckpoints } from "./runner/checkpoints.ts";
import type { Fold } from "./runner/fold.ts";
import { lead } from "./runner/lead.ts";
import { leaderLocks } from "./runner/leader-locks.ts";
import { getRow, listRows, scanRows } from "./runner/read-table.ts";
import type { ProjectionReader } from "./runner/reader.ts";
import { servedCheckpoint, servedVersion, serving } from "./runner/served-version.ts";
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

export type ProjectionLog = Readonly<
  Record<"info" | "warn" | "error", (fields: object, message: string) => void>
>;

export type RunnerDependencies = {
  /** The control database; the pool stays the caller's to end, after `stopped`. */
  readonly pool: Pool;
  readonly store: EventStore;
  readonly log: ProjectionLog;
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
  { pool, store, log }: RunnerDependencies,
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
  const leading = folds.map((fold) => lead({ pool, store, locks, log, ready }, fold, signal));
  const stopped = Promise.all(leading).then(async () => {
    checkpoints.close();
    await locks.close();
  });
  const readers = folds.map((fold) => reader(fold));
  return { readers: readers as unknown as Readers<Ps>, stopped };

  function reader(fold: Fold): ProjectionReader<JsonObject> {
    const served = servedVersion(pool, ready, fold);
    const reached = () => ready().then(() => servedCheckpoint(pool, fold));
    const ask = <T>(work: () => Promise<T>): Promise<T> =>
      work().catch((error) => {
        throw storeError(`read projection '${fold.name}'`, error);
      });
    return {
      get: (key) => ask(async () => getRow(pool, await served(), key)),
      list: (options = {}) => ask(async () => listRows(pool, await served(), options)),
      async *scan(options = {}) {
        const rows = scanRows(pool, await ask(served), options);
        for (let row = await ask(() => rows.next()); !row.done; row = await ask(() => rows.next()))
          yield row.value;
      },
      position: () => ask(async () => (await reached()).position),
      waitFor: async (position, signal) => {
        const isThere = (all: readonly Checkpoint[]) => (serving(fold, all)?.position ?? -1n) >= position;
        return (await checkpoints.until(isThere, signal)) !== undefined;
      },

      async lag() {
        const { position } = await ask(reached);
        for await (const event of store.readAll({ after: position, limit: 1 })) {
          const seconds = Math.max(0, (Date.now() - event.recordedAt.getTime()) / 1000);
          return { events: (await store.head()) - position, seconds };
        }
        return { events: 0n, seconds: 0 };
      },
    };
  }
}
