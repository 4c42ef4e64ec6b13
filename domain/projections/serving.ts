import type { NamespaceEvent } from "../namespace/events.ts";
import type { NamespaceRequest } from "../request/request.ts";

/**
 * What proxies may do with a namespace. `none`: they do not know it. `drained`: they refuse as
 * when it was draining, and none of its pattern providers runs any more.
 */
export type Serving = "none" | "probing" | "serving" | "draining" | "drained";

const defaultStaleLimitMs = 15 * 60_000;

/** How long a proxy may serve a namespace on what it heard last. */
export const staleLimitMs = ({ policies }: NamespaceRequest): number =>
  policies.compliance === "pci" ? 0 : defaultStaleLimitMs;

/**
 * What proxies have to know after the event: its position is the directory version they
 * acknowledge. `undefined`: the event changes nothing for them.
 */
export function servingAfter(
  event: NamespaceEvent,
  { serving, before }: { readonly serving: Serving; readonly before: { readonly serving: Serving } | null },
): Serving | undefined {
  const unlessUnknown = (next: Serving) => (serving === "none" ? undefined : next);
  switch (event.type) {
    case "AccessConfigured":
      return "probing";
    case "NamespaceActivated":
      return "serving";
    case "UpdateApplied":
      // The same in another configuration.
      return serving;
    case "DeletionRequested":
      return unlessUnknown("draining");
    case "DrainCompleted":
      return unlessUnknown("drained");
    case "DeletionFailed":
      return unlessUnknown(before?.serving ?? "none");
    case "NamespaceFailed":
    case "NamespaceRejected":
    case "ProxiesUnregistered":
      return unlessUnknown("none");
    default:
      return undefined;
  }
}
