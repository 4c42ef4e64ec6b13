import { PrismError } from "../errors.ts";
import { type Namespace, nameOf } from "../namespace/namespace.ts";
import { dedicatedAboveRps, ranked } from "./placement.ts";
import { type Holder, isSame, type Shard } from "./shard.ts";

export type Moving = Holder & {
  /** Where it is. */
  readonly from: string;
  /** Reads and writes a second, together. */
  readonly rps: number;
};

/**
 * The shard that a namespace is to be moved to: the one that is named, or the best one that takes it.
 *
 * Errors: `INVALID_CONFIGURATION` at `shard` for one that does not exist, takes nothing any more, or is not of
 * the kind that so many requests a second need; `NAMESPACE_NOT_READY` where none is named and none takes it.
 */
export function targetOf(wanted: string | undefined, moving: Moving, all: readonly Shard[]): string {
  const takers = all.filter((shard) => whyNot(shard, moving) === undefined);
  if (wanted === undefined) {
    const [best] = ranked(
      moving.namespace,
      takers.filter(({ holder }) => holder === null || isSame(holder, moving)),
    );
    if (best !== undefined) return best.shard;
    throw new PrismError("NAMESPACE_NOT_READY", `no other shard takes '${moving.namespace}'`, {
      details: {
        field: "shard",
        recommendation: `prism shard add NAME${isLarge(moving) ? " --dedicated" : ""}`,
      },
    });
  }
  const known = all.find(({ shard }) => shard === wanted);
  const why = known === undefined ? `shard '${wanted}' does not exist` : whyNot(known, moving);
  if (why === undefined) return wanted;
  throw new PrismError("INVALID_CONFIGURATION", why, {
    details: { field: "shard", supported_values: takers.map(({ shard }) => shard) },
  });
}

/** A namespace as far as where it may go is concerned. */
export function movingOf(namespace: Namespace): Moving {
  const { write_rps = 0, read_rps = 0 } = namespace.request?.needs ?? {};
  const { incarnation, shard: from = "" } = namespace;
  return { namespace: nameOf(namespace), incarnation, from, rps: write_rps + read_rps };
}

const isLarge = ({ rps }: Moving): boolean => rps > dedicatedAboveRps;

function whyNot({ shard, state, dedicated }: Shard, moving: Moving): string | undefined {
  const { namespace, from } = moving;
  if (shard === from) return `'${namespace}' is on shard '${shard}' already`;
  if (state === "draining") return `shard '${shard}' is drained: it takes no namespaces`;
  if (dedicated && !isLarge(moving))
    return `shard '${shard}' is for one namespace above ${dedicatedAboveRps} requests a second`;
  if (!dedicated && isLarge(moving))
    return `'${namespace}' needs a dedicated shard: it is above ${dedicatedAboveRps} requests a second`;
  return undefined;
}
