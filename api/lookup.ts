import type { DataSizes } from "../control/data-sizes.ts";
import type { Leases } from "../control/leases.ts";
import { PrismError } from "../domain/errors.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import { ownedLives } from "./ownership.ts";
import { readNamespace } from "./read-namespace.ts";
import { notFound, type Sight, sightOf } from "./rights.ts";
import { type NamespaceView, namespaceView } from "./views.ts";

/** Whose a name's lives were is told by its stream alone. */
type Lives = { readonly store: EventStore };

export type LookupDependencies = {
  readonly namespaces: ProjectionReader<NamespaceRow>;
  readonly leases: Leases;
  readonly dataSizes: DataSizes;
};

/** The ways a route finds a namespace for a caller, and shows it to them. */
export const lookup = ({ namespaces, leases, dataSizes }: LookupDependencies) => {
  const seen = async (caller: Caller, name: string, asOf?: bigint) => {
    const row = await namespaces.get(name, { asOf });
    const sight = row === undefined ? "nothing" : sightOf(caller, row);
    if (row === undefined || sight === "nothing") throw notFound(name);
    return { row, sight };
  };

  return {
    /** What the caller may see of it, now or as of a position; `NOT_FOUND` also where they may see nothing. */
    seen,

    /** Everything of it; a consumer, who may know that it exists, is told that this is not theirs. */
    async owned(caller: Caller, name: string, asOf?: bigint): Promise<NamespaceRow> {
      const { row, sight } = await seen(caller, name, asOf);
      if (sight === "all") return row;
      throw notOwners(name);
    },

    /** As the API shows it now or, with `asOf`, as it would have then. */
    async view(row: NamespaceRow, sight: Exclude<Sight, "nothing">, asOf?: bigint): Promise<NamespaceView> {
      if (asOf !== undefined) return namespaceView(row, sight, undefined);
      const [live, [size]] = await Promise.all([leases.live(), dataSizes.of([row.namespace])]);
      return namespaceView(row, sight, live, size);
    },
  };
};

/**
 * For those whose the name is, or was in a life of it: who may look into its past, which shows to each what was
 * theirs. `NOT_FOUND` for others, and `FORBIDDEN` for its consumers of today.
 */
export async function everOwned(
  deps: LookupDependencies & Lives,
  caller: Caller,
  name: string,
): Promise<void> {
  const row = await deps.namespaces.get(name);
  const sight = row === undefined ? "nothing" : sightOf(caller, row);
  if (sight === "all") return;
  const { events } = await readNamespace(deps.store, name);
  const theirs = ownedLives(caller);
  // Every event is judged: the judge learns from each.
  if (events.filter(theirs).length > 0) return;
  if (sight === "nothing") throw notFound(name);
  throw notOwners(name);
}

const notOwners = (name: string): PrismError =>
  new PrismError("FORBIDDEN", `Only owners of '${name}' may see this`, { details: { field: "namespace" } });
