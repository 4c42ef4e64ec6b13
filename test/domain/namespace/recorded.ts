import type { RecordedEvent } from "../../../domain/event.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";
import { schemaVersions } from "../../../domain/namespace/schema-versions.ts";

/** The events as a store hands them back: one a second, from position 1 on, each in its operation's name. */
export function recorded(events: readonly NamespaceEvent[]): readonly RecordedEvent<NamespaceEvent>[] {
  let namespace = absent;
  return events.map((event, index) => {
    namespace = evolve(namespace, event);
    const operation = isSeen(event) ? "a-sweep" : (namespace.operation?.id ?? null);
    return {
      ...event,
      id: `id-${index}`,
      stream: "namespace-orders",
      revision: BigInt(index),
      position: BigInt(index + 1),
      recordedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, index)),
      metadata: {
        actor: "user:alice",
        operation,
        correlation: operation ?? "",
        causation: null,
        schema: schemaVersions[event.type],
        incarnation: namespace.incarnation,
      },
      hash: "",
    };
  });
}

/** What an observer tells of is not the operation's own. */
const isSeen = (event: NamespaceEvent): boolean =>
  event.type === "NamespaceDegraded" ||
  event.type === "NamespaceRecovered" ||
  event.type === "OrphanQuarantined" ||
  event.type === "DataAlarmRaised" ||
  event.type === "DataAlarmCleared" ||
  (event.type === "DriftDetected" && event.data.repair === null);
