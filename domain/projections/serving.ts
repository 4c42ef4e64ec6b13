import type { NamespaceEvent } from "../namespace/events.ts";
import type { NamespaceRequest } from "../request/request.ts";

/**
 * What proxies may do with a namespace. `none`: they do not know it. `drained`: they refuse as
 * when it was draining, and none of its pattern providers runs any more. `moved`: what they have taken they
 * answer, and send whoever asks anew to another shard.
 */
export type Serving = "none" | "probing" | "serving" | "draining" | "drained" | "moved";

/** How long a proxy may serve a namespace on what it heard last; `otherwiseMs`: what the platform allows. */
export const staleLimitMs = ({ policies }: NamespaceRequest, otherwiseMs: number): number =>
  policies.compliance === "pci" ? 0 : otherwiseMs;

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

/** A shard that knows a namespace beside the one that it is served by, and what its proxies may do with it. */
export type Beside = { readonly shard: string; readonly serving: Serving };

/** What those of the shard beside have to know after the event; `undefined`: nothing new. */
export function besideAfter(event: NamespaceEvent): Serving | undefined {
  switch (event.type) {
    case "TargetOpened":
      return "serving";
    case "SourceClosed":
      return "moved";
    case "SourceDrained":
    case "TargetClosed":
    case "MoveFailed":
      return "none";
    default:
      return undefined;
  }
}

type Placed = { readonly shard: string | null; readonly serving: Serving; readonly beside: Beside | null };

/** Every shard whose proxies may serve it: whoever takes rights away waits for all of them. */
export const shardsOf = ({ shard, beside }: Placed): readonly string[] =>
  [shard, beside?.shard].flatMap((one) => one ?? []);

/** What proxies of a shard may do with it. */
export function servingIn({ shard, serving, beside }: Placed, where: string): Serving {
  if (where === shard) return serving;
  return where === beside?.shard ? beside.serving : "none";
}
