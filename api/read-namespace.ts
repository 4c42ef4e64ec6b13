import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { evolve } from "../domain/namespace/evolve.ts";
import { absent, type Namespace, streamOf } from "../domain/namespace/namespace.ts";
import { type Aggregate, readAggregate } from "../eventstore/aggregate.ts";
import type { EventStore } from "../eventstore/event-store.ts";

/** A namespace as its stream tells it now: what decisions are made on, where a projection may lag. */
export const readNamespace = (
  store: EventStore,
  namespace: string,
): Promise<Aggregate<Namespace, NamespaceEvent>> =>
  readAggregate<Namespace, NamespaceEvent>(store, streamOf(namespace), absent, evolve);
