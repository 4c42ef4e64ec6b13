import { setTimeout as delay } from "node:timers/promises";
import type { Leases, ProxyLease } from "../control/leases.ts";
import { PrismError } from "../domain/errors.ts";
import { type NamespaceRow, namespaces } from "../domain/projections/namespaces.ts";
import type { Attempt } from "./attempt.ts";
import type { Occasion } from "./occasion.ts";
import type { Probe } from "./probe.ts";
import type { NamespaceHistory, Recorder } from "./recorder.ts";

export type ServingDependencies = {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly leases: Leases;
  readonly probe: Probe;
};

// Then the attempt fails and says whom it waits for, so that people can see it.
const patienceMs = 10_000;
const pollMs = 50;

/** The way to the proxies: what they acknowledge and what really comes back through them. */
export const servingActivities = ({ attempt, recorder, leases, probe }: ServingDependencies) => ({
  /** Waits until every live proxy of the shard has the namespace's directory version in force. */
  registerWithProxies: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "register", async (signal) => {
      const history = await recorder.read(occasion.namespace);
      const { shard, directory_version } = rowOf(history, occasion);
      const proxies = await acknowledged(
        leases,
        shard,
        BigInt(directory_version),
        occasion.namespace,
        signal,
      );
      await recorder.record(occasion, "register", {
        type: "RegisterProxies",
        operation: occasion.operation,
        directoryVersion: directory_version,
        proxies: proxies.map(({ proxy }) => proxy),
        endpoints: proxies.map(({ address, region }) => ({ address, region })),
      });
    }),

  /** Sends one message through a proxy, its chain and its backend, and has it come back. */
  probeThroughProxy: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "probe", async (signal) => {
      const history = await recorder.read(occasion.namespace);
      const { shard, incarnation } = rowOf(history, occasion);
      const proxy = (await leases.live(shard))[0];
      if (proxy === undefined) throw notReady(`no proxy of ${shard} is alive`);
      const answer = await probe(proxy, { namespace: occasion.namespace, incarnation }, signal);
      await recorder.record(occasion, "probe", {
        type: "ConfirmProbe",
        operation: occasion.operation,
        proxy: proxy.proxy,
        ...answer,
      });
    }),
});

/** The served row, folded from the stream itself: an activity must not wait for a projection. */
function rowOf(history: NamespaceHistory, occasion: Occasion): NamespaceRow & { shard: string } {
  let row: NamespaceRow | undefined;
  for (const event of history.events) row = namespaces.apply(row, event);
  if (row === undefined || row.shard === null) {
    throw new PrismError("INTERNAL", `${occasion.namespace} has no shard to be served by`);
  }
  return { ...row, shard: row.shard };
}

async function acknowledged(
  leases: Leases,
  shard: string,
  version: bigint,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly ProxyLease[]> {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const live = await leases.live(shard);
    const refusal = live.find(({ refused }) => refused[namespace] !== undefined);
    if (refusal !== undefined)
      throw notReady(`${refusal.proxy} cannot serve it: ${refusal.refused[namespace]}`);
    const late = live.filter(({ appliedVersion }) => appliedVersion < version);
    if (live.length > 0 && late.length === 0) return live;
    if (waitedMs >= patienceMs) {
      const whom = late.map(({ proxy }) => proxy).join(", ");
      throw notReady(live.length === 0 ? `no proxy of ${shard} is alive` : `waiting for ${whom}`);
    }
    await delay(pollMs, undefined, { signal });
  }
}

const notReady = (why: string): PrismError => new PrismError("NAMESPACE_NOT_READY", `not served yet: ${why}`);
