import { inUse } from "../control/leases.ts";
import { PrismError } from "../domain/errors.ts";
import { type Agreeing, everyLiveProxy, registeredRowOf } from "./agreement.ts";
import type { Attempt } from "./attempt.ts";
import type { Failpoint } from "./failpoint.ts";
import type { Occasion } from "./occasion.ts";
import type { Probe } from "./probe.ts";
import type { Recorder } from "./recorder.ts";

export type ServingDependencies = Agreeing & {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly failpoint: Failpoint;
  readonly probe: Probe;
};

/** The way to the proxies: what they acknowledge and what really comes back through them. */
export const servingActivities = ({
  attempt,
  recorder,
  failpoint,
  probe,
  ...agreeing
}: ServingDependencies) => ({
  /** Waits until every live proxy of the shard has the namespace's directory version in force. */
  registerWithProxies: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "register", async (signal) => {
      const row = registeredRowOf(await recorder.read(occasion.namespace), occasion);
      const proxies = await everyLiveProxy(row, agreeing, signal);
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
      const { namespace, shard, incarnation } = registeredRowOf(
        await recorder.read(occasion.namespace),
        occasion,
      );
      const proxy = inUse(await agreeing.leases.live(shard))[0];
      if (proxy === undefined) throw new PrismError("NAMESPACE_NOT_READY", `no proxy of ${shard} is alive`);
      const answer = await probe(proxy, { namespace, incarnation }, signal);
      failpoint("probe", "after", namespace);
      await recorder.record(occasion, "probe", {
        type: "ConfirmProbe",
        operation: occasion.operation,
        proxy: proxy.proxy,
        ...answer,
      });
    }),
});
