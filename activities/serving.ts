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
  /** How long an attempt waits for proxies; then it fails and says for whom, so that people can see it. */
  readonly patienceMs: number;
};

const pollMs = 25;

/** The way to the proxies: what they acknowledge and what really comes back through them. */
export const servingActivities = ({ attempt, recorder, leases, probe, patienceMs }: ServingDependencies) => ({
  /** Waits until every live proxy of the shard has the namespace's directory version in force. */
  registerWithProxies: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "register", async (signal) => {
      const history = await recorder.read(occasion.namespace);
      const row = rowOf(history, occasion);
      const proxies = await acknowledged(row, patienceMs, () => leases.live(row.shard), signal);
      await recorder.record(occasion, "register", {
        type: "RegisterProxies",
        operation: occasion.operation,
        directoryVersion: row.directory_version,
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
  { namespace, shard, directory_version }: NamespaceRow & { shard: string },
  patienceMs: number,
  ask: () => Promise<readonly ProxyLease[]>,
  signal: AbortSignal,
): Promise<readonly ProxyLease[]> {
  const version = BigInt(directory_version);
  for (const deadline = Date.now() + patienceMs; ; ) {
    const live = await ask();
    const refusal = live.find(({ refused }) => refused[namespace] !== undefined);
    if (refusal !== undefined)
      throw notReady(`${refusal.proxy} cannot serve it: ${refusal.refused[namespace]}`);
    const late = live.filter(({ appliedVersion }) => appliedVersion < version);
    if (live.length > 0 && late.length === 0) return live;
    if (Date.now() >= deadline) {
      const whom = late.map(({ proxy }) => proxy).join(", ");
      throw notReady(live.length === 0 ? `no proxy of ${shard} is alive` : `waiting for ${whom}`);
    }
    await delay(pollMs, undefined, { signal });
  }
}

const notReady = (why: string): PrismError => new PrismError("NAMESPACE_NOT_READY", `not served yet: ${why}`);
