import type { Pool } from "pg";
import { PrismError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { EventStore } from "../event-store.ts";
import { storeError } from "../postgres/store-error.ts";
import type { Watch } from "../postgres/watch.ts";
import type { Checkpoint } from "./checkpoints.ts";
import type { Fold } from "./fold.ts";
import { getRow, listRows, type Source, scanRows, tableDigest } from "./read-table.ts";
import type { AsOf, ProjectionReader } from "./reader.ts";
import { servedCheckpoint, servedVersion, serving } from "./served-version.ts";

export type ReaderDependencies = {
  readonly pool: Pool;
  readonly store: EventStore;
  readonly checkpoints: Watch<readonly Checkpoint[]>;
  /** Resolves once the schema is there. */
  readonly ready: () => Promise<void>;
};

/** How long a question as of a position waits for the projection to get there. */
const asOfWaitMs = 5_000;

export function tableReader(
  { pool, store, checkpoints, ready }: ReaderDependencies,
  fold: Fold,
): ProjectionReader<JsonObject> {
  const version = servedVersion(pool, ready, fold);
  const reached = async () => (await ready().then(() => servedCheckpoint(pool, fold))).position;
  const ask = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((error) => {
      throw storeError(`read projection '${fold.name}'`, error);
    });

  async function source({ asOf }: AsOf): Promise<Source> {
    if (asOf === undefined) return version();
    if (fold.temporal !== true) throw new PrismError("INTERNAL", `projection '${fold.name}' keeps no past`);
    const at = await reached();
    const head = at < asOf ? await store.head() : at;
    const served = await version();
    // An older version that still answers may have kept no past.
    if (
      served.version === fold.version &&
      (await waitFor(asOf < head ? asOf : head, AbortSignal.timeout(asOfWaitMs)))
    ) {
      return served;
    }
    throw new PrismError(
      "BACKEND_UNAVAILABLE",
      `projection '${fold.name}' has not reached position ${asOf} yet`,
    );
  }

  async function waitFor(position: bigint, signal?: AbortSignal): Promise<boolean> {
    const isThere = (all: readonly Checkpoint[]) => (serving(fold, all)?.position ?? -1n) >= position;
    return (await checkpoints.until(isThere, signal)) !== undefined;
  }

  return {
    waitFor,
    get: (key, options = {}) => ask(async () => getRow(pool, await source(options), key, options.asOf)),
    list: (options = {}) => ask(async () => listRows(pool, await source(options), options)),
    async *scan(options = {}) {
      const rows = scanRows(pool, await ask(() => source(options)), options);
      for (let row = await ask(() => rows.next()); !row.done; row = await ask(() => rows.next()))
        yield row.value;
    },
    digest: () => ask(async () => tableDigest(pool, await version())),
    position: () => ask(reached),

    async lag() {
      const position = await ask(reached);
      for await (const event of store.readAll({ after: position, limit: 1 })) {
        const seconds = Math.max(0, (Date.now() - event.recordedAt.getTime()) / 1000);
        return { events: (await store.head()) - position, seconds };
      }
      return { events: 0n, seconds: 0 };
    },
  };
}
