import { setTimeout as delay } from "node:timers/promises";
import { inUse, type Leases, type ProxyLease } from "../control/leases.ts";
import { PrismError } from "../domain/errors.ts";
import { type NamespaceRow, namespaces } from "../domain/projections/namespaces.ts";
import { shardsOf, staleLimitMs } from "../domain/projections/serving.ts";
import type { Occasion } from "./occasion.ts";
import type { NamespaceHistory } from "./recorder.ts";

export type Agreeing = {
  readonly leases: Leases;
  /** How long an attempt waits for proxies; then it fails and says for whom, so that people can see it. */
  readonly patienceMs: number;
  /** How long a proxy may serve without the control plane what may be served so at all. */
  readonly staleMs: number;
};

export type ServedRow = NamespaceRow & { readonly shard: string };

const pollMs = 25;

/** The served row, folded from the stream itself: an activity must not wait for a projection. */
export function rowOf(history: NamespaceHistory, occasion: Occasion): NamespaceRow {
  let row: NamespaceRow | undefined;
  for (const event of history.events) row = namespaces.apply(row, event);
  if (row === undefined) throw new PrismError("INTERNAL", `${occasion.namespace} has no history`);
  return row;
}

export function servedRowOf(history: NamespaceHistory, occasion: Occasion): ServedRow {
  const row = rowOf(history, occasion);
  if (row.shard === null) {
    throw new PrismError("INTERNAL", `${occasion.namespace} has no shard to be served by`);
  }
  return { ...row, shard: row.shard };
}

/** As those have it who are to serve it: while it is moved they are the new shard's proxies. */
export function registeredRowOf(history: NamespaceHistory, occasion: Occasion): ServedRow {
  const row = servedRowOf(history, occasion);
  const { operation, beside } = row;
  return operation.kind === "move" && beside !== null ? { ...row, shard: beside.shard } : row;
}

/** Waits until every live proxy of the shard has the namespace in force as it is now; there is at least one. */
export async function everyLiveProxy(
  row: ServedRow,
  { leases, patienceMs }: Agreeing,
  signal: AbortSignal,
): Promise<readonly ProxyLease[]> {
  return until(patienceMs, signal, async () => {
    const live = await leases.live(row.shard);
    const refusal = live.find(({ refused }) => refused[row.namespace] !== undefined);
    if (refusal !== undefined)
      return { missing: `${refusal.proxy} cannot serve it: ${refusal.refused[row.namespace]}` };
    if (inUse(live).length === 0) return { missing: `no proxy of ${row.shard} is alive and in use` };
    return lateOf(live, row) ?? inUse(live);
  });
}

/**
 * Waits until no proxy serves the namespace any more as it was: each has what is in force now,
 * or has been silent for so long that it refuses by itself (`stale_limit`). There may be none.
 */
export async function everyProxyThatMayServe(
  row: ServedRow,
  { leases, patienceMs, staleMs }: Agreeing,
  signal: AbortSignal,
): Promise<readonly ProxyLease[]> {
  return until(patienceMs, signal, async () => {
    const limitMs = staleLimitMs(row.request, staleMs);
    const known = await Promise.all(shardsOf(row).map((shard) => leases.mayServe(shard, limitMs)));
    return lateOf(known.flat(), row) ?? known.flat();
  });
}

/** What is waited for; with `forMs`, it is so at the latest after that time. */
type Missing = { readonly missing: string; readonly forMs?: number };

function lateOf(
  proxies: readonly (ProxyLease & { readonly forMs?: number })[],
  { directory_version }: ServedRow,
): Missing | undefined {
  const late = proxies.filter(({ appliedVersion }) => appliedVersion < BigInt(directory_version));
  if (late.length === 0) return undefined;
  const missing = `waiting for ${late.map(({ proxy }) => proxy).join(", ")}`;
  const longest = Math.max(...late.map(({ forMs = Number.POSITIVE_INFINITY }) => forMs));
  return Number.isFinite(longest) ? { missing, forMs: Math.ceil(longest) } : { missing };
}

async function until<T>(
  patienceMs: number,
  signal: AbortSignal,
  look: () => Promise<readonly T[] | Missing>,
): Promise<readonly T[]> {
  for (const deadline = Date.now() + patienceMs; ; ) {
    const seen = await look();
    if (!("missing" in seen)) return seen;
    if (Date.now() >= deadline) {
      const { missing, forMs } = seen;
      throw new PrismError("NAMESPACE_NOT_READY", `proxies do not agree yet: ${missing}`, {
        // Nobody is waited for longer: the next attempt must not come later.
        ...(forMs === undefined ? {} : { details: { at_most_ms: forMs } }),
      });
    }
    await delay(pollMs, undefined, { signal });
  }
}
