import { PrismError } from "../domain/errors.ts";
import type { FleetFinding } from "../domain/reconcile/finding.ts";
import { type Listing, loginKind, type Thing } from "../domain/reconcile/thing.ts";
import type { Backends } from "./provisioning.ts";

/**
 * Removes logins of lives that are over. That needs no lock on a namespace: nobody works on such a life any
 * more, and the next has a login of another name. Answers what it has settled: a login stays whose password
 * is not ours, that something hangs on, or whose backend does not answer.
 */
export async function removeLonely(
  backends: Backends,
  findings: readonly FleetFinding[],
  listings: readonly Listing[],
  signal: AbortSignal,
): Promise<ReadonlySet<FleetFinding>> {
  const logins = listings.flatMap(({ things = [] }) => things.filter(({ kind }) => kind === loginKind));
  const settled = new Set<FleetFinding>();
  for (const finding of findings) {
    if (finding.remedy !== "remove") continue;
    const found = logins.filter(({ backend, name }) => backend === finding.backend && name === finding.name);
    let gone = found.length > 0;
    for (const login of found) gone = (await isRemoved(backends, login, signal)) && gone;
    if (gone) settled.add(finding);
  }
  return settled;
}

async function isRemoved(
  backends: Backends,
  { backend, kind, name, identity, owner }: Thing,
  signal: AbortSignal,
): Promise<boolean> {
  const there = backends.get(backend);
  if (owner === undefined || there === undefined) return false;
  try {
    const call = { owner, claim: { intended: false, identity }, signal };
    return (await there.remove({ backend, kind, name, config: {} }, call)).removed;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PrismError && error.code === "BACKEND_UNAVAILABLE") return false;
    throw error;
  }
}
