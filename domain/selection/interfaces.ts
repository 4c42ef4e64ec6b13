import type { BackendKind } from "../plan.ts";
import type { Capability, Inventory } from "./inventory.ts";

/** The thin interfaces (core concepts) that a backend has for what Prism provisions on it, by client API. */
const has: Readonly<Record<BackendKind, Partial<Readonly<Record<Capability, readonly string[]>>>>> = {
  kafka: {
    queue: ["queue_basic", "queue_visibility", "queue_dead_letter"],
    pubsub: ["pubsub_basic", "pubsub_persistent", "pubsub_ordering"],
  },
  nats: { pubsub: ["pubsub_basic", "pubsub_wildcards", "pubsub_persistent", "pubsub_ordering"] },
  redis: { keyvalue: ["keyvalue_basic", "keyvalue_scan", "keyvalue_ttl", "keyvalue_batch"] },
  postgres: {
    keyvalue: [
      "keyvalue_basic",
      "keyvalue_scan",
      "keyvalue_ttl",
      "keyvalue_transactional",
      "keyvalue_batch",
      "keyvalue_cas",
    ],
  },
  // It stands behind patterns, never behind a client API.
  s3: {},
};

/** The client APIs that have a service in this build. */
const withService: ReadonlySet<Capability> = new Set(["queue"]);

/** The interfaces of a backend, and those of them that clients reach today: the others have no service yet. */
export function interfacesOf(
  backend: BackendKind,
  inventory: Inventory,
): { readonly all: readonly string[]; readonly served: readonly string[] } {
  const provisioned = inventory[backend]?.capabilities ?? [];
  const named = (apis: readonly Capability[]) => apis.flatMap((api) => has[backend][api] ?? []);
  return { all: named(provisioned), served: named(provisioned.filter((api) => withService.has(api))) };
}
