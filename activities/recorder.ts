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
  const lastSeen = seen();

  const fresh = async (namespace: string): Promise<NamespaceHistory> =>
    lastSeen.keep(
      namespace,
      await readAggregate<Namespace, NamespaceEvent>(store, streamOf(namespace), absent, evolve),
    );

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

  /** The namespace as it is after the append; read again where that is not simply what was known and this. */
  const after = async (
    history: NamespaceHistory,
    { events: stored, revision }: Appended,
  ): Promise<NamespaceHistory> => {
    const events = stored as NamespaceHistory["events"];
    const next = history.expected === "noStream" ? 0n : BigInt(history.expected as bigint) + 1n;
    if (events[0]?.revision !== next) return fresh(events[0]?.stream.slice(streamOf("").length) ?? "");
    return {
      state: events.reduce(evolve, history.state),
      events: [...history.events, ...events],
      expected: revision,
    };
  };

  /** Appends what follows from the command; `undefined`: nothing does. */
  const decided = async (
    history: NamespaceHistory,
    { occasion, step, command, round }: Recording,
  ): Promise<NamespaceHistory | undefined> => {
    const events = decide(command, history.state);
    if (events.length === 0) return undefined;
    return after(history, await append(history, occasion, step, round, events));
  };

  /** On what is known without asking: an exact revision tells whether it is still so. */
  const onTheKnown = async (recording: Recording): Promise<NamespaceHistory | undefined> => {
    const known = lastSeen.get(recording.occasion.namespace);
    if (known === undefined) return undefined;
    try {
      return await decided(known, recording);
    } catch {
      // Refused, or overtaken: what the stream says now is what counts.
      return undefined;
    }
  };

  return {
    read: fresh,
    async record(occasion, step, command, round = occasion.round ?? 0) {
      const recording = { occasion, step, command, round };
      const quick = await onTheKnown(recording);
      if (quick !== undefined) return lastSeen.keep(occasion.namespace, quick);
      for (let attempt = 1; ; attempt++) {
        const history = await fresh(occasion.namespace);
        try {
          const recorded = await decided(history, recording);
          return recorded === undefined ? history : lastSeen.keep(occasion.namespace, recorded);
        } catch (error) {
          const conflict = error instanceof StoreError && error.kind === "RevisionConflict";
          if (!conflict || attempt === reloads) throw error;
        }
      }
    },
  };
}

type Recording = {
  readonly occasion: Occasion;
  readonly step: string;
  readonly command: NamespaceCommand;
  readonly round: number;
};

const mostSeen = 200;

/** The namespaces that were looked at last. */
function seen() {
  const histories = new Map<string, NamespaceHistory>();
  return {
    get: (namespace: string) => histories.get(namespace),
    keep(namespace: string, history: NamespaceHistory): NamespaceHistory {
      histories.delete(namespace);
      histories.set(namespace, history);
      const [oldest] = histories.keys();
      if (histories.size > mostSeen && oldest !== undefined) histories.delete(oldest);
      return history;
    },
  };
}
