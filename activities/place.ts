import type { Shards } from "../control/shards.ts";
import { PrismError } from "../domain/errors.ts";
import type { Namespace } from "../domain/namespace/namespace.ts";
import { dedicatedAboveRps, isLarge, ranked } from "../domain/shard/placement.ts";
import { type Holder, isSame, type Shard } from "../domain/shard/shard.ts";
import type { Occasion } from "./occasion.ts";
import type { Recorder } from "./recorder.ts";

type Placing = { readonly shards: Shards; readonly recorder: Pick<Recorder, "read"> };

/**
 * Where a namespace is to be served: by its name among the shards that are open, or alone on a
 * dedicated one, which is its own from here on. Throws where there is none; one that is added is found.
 */
export async function place(placing: Placing, namespace: Namespace, occasion: Occasion): Promise<string> {
  const open = (await placing.shards.all()).filter(({ state }) => state === "open");
  const name = occasion.namespace;
  if (isLarge(namespace.request?.needs ?? {})) {
    return alone(placing, open, { namespace: name, incarnation: namespace.incarnation }, occasion);
  }
  const [best] = ranked(
    name,
    open.filter(({ dedicated }) => !dedicated),
  );
  if (best === undefined) throw none(`no shard takes namespaces: all are drained`, "prism shard add NAME");
  return best.shard;
}

async function alone(
  { shards, recorder }: Placing,
  open: readonly Shard[],
  own: Holder,
  occasion: Occasion,
): Promise<string> {
  const candidates = ranked(
    own.namespace,
    open.filter(({ dedicated }) => dedicated),
  );
  const held = candidates.find(({ holder }) => isSame(holder, own));
  if (held !== undefined) return held.shard;
  for (const candidate of candidates) {
    if (await give({ shards, recorder }, candidate, own, occasion)) return candidate.shard;
  }
  throw none(
    `'${own.namespace}' needs a shard of its own (above ${dedicatedAboveRps} requests a second), and none is free`,
    "prism shard add NAME --dedicated",
  );
}

/** Before a namespace is moved to a dedicated shard: that is its own from here on, or the move is refused. */
export async function claim(placing: Placing, namespace: Namespace, occasion: Occasion): Promise<void> {
  const target = (await placing.shards.all()).find(({ shard }) => shard === namespace.beside);
  if (target === undefined || !target.dedicated) return;
  const own = { namespace: occasion.namespace, incarnation: namespace.incarnation };
  if (await give(placing, target, own, occasion)) return;
  throw new PrismError("INVALID_CONFIGURATION", `shard '${target.shard}' is another namespace's`, {
    details: { field: "shard", recommendation: "prism shard add NAME --dedicated" },
  });
}

/** `false`: it is another's, or somebody was faster. */
async function give(
  { shards, recorder }: Placing,
  { shard, holder, given }: Shard,
  own: Holder,
  { operation, actor }: Occasion,
): Promise<boolean> {
  const isFree = holder === null || isSame(holder, own) || !(await isServedThere(recorder, shard, holder));
  if (!isFree) return false;
  const command = { type: "AssignNamespace", to: own, given } as const;
  return (await shards.decide({ shard, command, operation, actor }).catch(overtaken)) !== undefined;
}

/** Somebody else was faster: the next one may be free. */
function overtaken(error: unknown): undefined {
  if (error instanceof PrismError && error.code === "NAMESPACE_NOT_READY") return undefined;
  throw error;
}

const over: readonly Namespace["status"][] = ["deleted", "failed", "rejected"];

async function isServedThere(
  recorder: Pick<Recorder, "read">,
  shard: string,
  { namespace, incarnation }: Holder,
): Promise<boolean> {
  const { state } = await recorder.read(namespace);
  if (state.incarnation !== incarnation) return false;
  // Between its shard's word and its own nothing but this operation stands: it will come again.
  if (state.shard === undefined) return !over.includes(state.status);
  const gone = over.includes(state.status) && state.blocked.length === 0;
  return (state.shard === shard || state.beside === shard) && !gone;
}

const none = (message: string, recommendation: string): PrismError =>
  new PrismError("NAMESPACE_NOT_READY", message, { details: { recommendation } });
