import type { NamespaceCommand } from "../domain/namespace/commands.ts";
import { decide } from "../domain/namespace/decide.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { evolve } from "../domain/namespace/evolve.ts";
import { absent, type Namespace, streamOf } from "../domain/namespace/namespace.ts";
import { schemaVersions } from "../domain/namespace/schema-versions.ts";
import { type Aggregate, readAggregate } from "../eventstore/aggregate.ts";
import { eventId } from "../eventstore/event-id.ts";
import { type Appended, type EventStore, StoreError } from "../eventstore/event-store.ts";
import type { Occasion } from "./occasion.ts";

export type NamespaceHistory = Aggregate<Namespace, NamespaceEvent>;

export interface Recorder {
  read(namespace: string): Promise<NamespaceHistory>;
  /**
   * Decides `command` on the namespace as it is and appends what follows; answers the
   * namespace as stored. `step` and `round` (default: the occasion's) name it: a repeat of both appends nothing.
   */
  record(
    occasion: Occasion,
    step: string,
    command: NamespaceCommand,
    round?: number,
  ): Promise<NamespaceHistory>;
}

// Concurrent activities of one operation append to one stream: the loser reads and decides again.
const reloads = 20;

export function recorder(store: EventStore): Recorder {
  const read = (namespace: string): Promise<NamespaceHistory> =>
    readAggregate<Namespace, NamespaceEvent>(store, streamOf(namespace), absent, evolve);

  const append = (
    history: NamespaceHistory,
    occasion: Occasion,
    step: string,
    round: number,
    events: readonly NamespaceEvent[],
  ): Promise<Appended> => {
    const stream = streamOf(occasion.namespace);
    const { incarnation } = events.reduce(evolve, history.state);
    const metadata = {
      actor: occasion.actor,
      operation: occasion.operation,
      correlation: occasion.operation,
      causation: step,
      incarnation,
    };
    const named = events.map((event, index) => ({
      ...event,
      id: eventId({ operation: occasion.operation, stream, step, round, index }),
      metadata: { ...metadata, schema: schemaVersions[event.type] },
    }));
    return store.append(stream, named, { expected: history.expected });
  };

  return {
    read,
    async record(occasion, step, command, round = occasion.round ?? 0) {
      for (let attempt = 1; ; attempt++) {
        const history = await read(occasion.namespace);
        const events = decide(command, history.state);
        if (events.length === 0) return history;
        try {
          await append(history, occasion, step, round, events);
          return await read(occasion.namespace);
        } catch (error) {
          const conflict = error instanceof StoreError && error.kind === "RevisionConflict";
          if (!conflict || attempt === reloads) throw error;
        }
      }
    },
  };
}
