import { readNamespace } from "../../api/read-namespace.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { evolve } from "../../domain/namespace/evolve.ts";
import { absent, streamOf } from "../../domain/namespace/namespace.ts";
import { schemaVersions } from "../../domain/namespace/schema-versions.ts";
import type { EventStore } from "../../eventstore/event-store.ts";

/** Appends what happened to `orders`, each event in the name of its operation. */
export async function happened(store: EventStore, ...events: readonly NamespaceEvent[]): Promise<void> {
  const { state, expected } = await readNamespace(store, "orders");
  let namespace = state ?? absent;
  const named = events.map((event) => {
    namespace = evolve(namespace, event);
    const operation = namespace.operation?.id ?? null;
    const metadata = {
      actor: "user:alice",
      operation,
      correlation: operation ?? "",
      causation: null,
      schema: schemaVersions[event.type],
      incarnation: namespace.incarnation,
    };
    return { ...event, id: crypto.randomUUID(), metadata };
  });
  await store.append(streamOf("orders"), named, { expected });
}
