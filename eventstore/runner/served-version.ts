import type { Pool } from "pg";
import { PrismError } from "../../domain/errors.ts";
import { type Checkpoint, readCheckpoints } from "./checkpoints.ts";
import type { Fold } from "./fold.ts";

/** The newest version that is built and not newer than the definition: an old process keeps to what it understands. */
export const serving = (
  { name, version }: Fold,
  checkpoints: readonly Checkpoint[],
): Checkpoint | undefined =>
  checkpoints
    .filter((one) => one.built && one.projection === name && one.version <= version)
    .reduce<Checkpoint | undefined>(
      (best, one) => (best && best.version > one.version ? best : one),
      undefined,
    );

/** Which table answers now. Asked anew until it is the definition's own version, which is final. */
export function servedVersion(
  pool: Pool,
  ready: () => Promise<void>,
  fold: Fold,
): () => Promise<{ name: string; version: number }> {
  let own = false;
  return async () => {
    if (!own) {
      await ready();
      const current = await servedCheckpoint(pool, fold);
      own = current.version === fold.version;
      return { name: fold.name, version: current.version };
    }
    return fold;
  };
}

export async function servedCheckpoint(pool: Pool, fold: Fold): Promise<Checkpoint> {
  const current = serving(fold, await readCheckpoints(pool));
  if (current !== undefined) return current;
  throw new PrismError("BACKEND_UNAVAILABLE", `projection '${fold.name}' is being built for the first time`);
}
