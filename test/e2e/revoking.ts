import { setTimeout as pause } from "node:timers/promises";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import type { Control } from "../../sdk/typescript/control.ts";
import { rawClient } from "../proxy/raw-client.ts";
import type { RunningProxy } from "../setup/more-proxies.ts";

export const shortStaleMs = 2_000;

/** A quarter of an hour is too long to wait for. */
export const shortStale = { PRISM_STALE_LIMIT_SECONDS: String(shortStaleMs / 1_000) };

/** Node's options for a process whose wall clock is so far off; its monotonic one goes as it goes. */
export const skewed = (ms: number): string =>
  `--import=data:text/javascript,${encodeURIComponent(
    `const Real=Date;globalThis.Date=class Date extends Real{
       constructor(...given){given.length===0?super(Real.now()+(${ms})):super(...given)}
       static now(){return Real.now()+(${ms})}}`,
  )}`;

/** A publish that was accepted: when it was asked for, and of whom. */
export type Accepted = { readonly proxy: string; readonly sentAt: number };

export type Calling = {
  readonly accepted: readonly Accepted[];
  /** Resolves when no more is asked, and what was asked is answered or has had seconds to be. */
  stop(): Promise<void>;
};

/** Publishes through each proxy again and again; one that is stopped finds what was sent to it when it wakes up. */
export function calling(
  proxies: readonly Pick<RunningProxy, "id" | "address">[],
  namespace: string,
  token: string,
): Calling {
  const accepted: Accepted[] = [];
  const open = new Set<Promise<void>>();
  let going = true;
  const callers = proxies.map(async ({ id, address }) => {
    const client = rawClient(address, { authorization: `Bearer ${token}`, "prism-namespace": namespace });
    const publish = () =>
      client.unary(QueueService.method.publish, { topic: "t", payload: new Uint8Array(1) });
    while (going) {
      const sentAt = Date.now();
      const answered = publish().then(
        () => void accepted.push({ proxy: id, sentAt }),
        () => {},
      );
      open.add(answered);
      void answered.then(() => open.delete(answered));
      await Promise.race([answered, pause(200)]);
      await pause(40);
    }
    await Promise.race([Promise.all(open), pause(5_000)]);
    client.close();
  });
  return {
    accepted,
    async stop() {
      going = false;
      await Promise.all(callers);
    },
  };
}

/** When the change was said to hold everywhere (ms since 1970); of a delete, that nothing is taken any more. */
export async function reportedAt(
  control: Control,
  namespace: string,
  operation: string,
): Promise<number | undefined> {
  const { items } = await control.namespaces.history(namespace);
  const said = items.findLast(
    ({ type, operation_id }) =>
      operation_id === operation && (type === "TrafficStopped" || type === "ProxiesRegistered"),
  );
  return said === undefined ? undefined : Date.parse(said.recorded_at);
}
