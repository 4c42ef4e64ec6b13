import type { BackendKind } from "../plan.ts";
import type { Capability, Inventory } from "./inventory.ts";

/**
 * The thin interfaces (core concepts) that clients of a namespace have on a backend, by
 * the client API it serves. Only what this build answers: a client API without a service
 * has none yet.
 */
const served: Partial<
  Readonly<Record<BackendKind, Partial<Readonly<Record<Capability, readonly string[]>>>>>
> = {
  kafka: { queue: ["queue_basic", "queue_visibility", "queue_dead_letter"] },
};

export function interfacesOf(backend: BackendKind, inventory: Inventory): readonly string[] {
  const capabilities = inventory[backend]?.capabilities ?? [];
  return capabilities.flatMap((capability) => served[backend]?.[capability] ?? []);
}
