import type { RecordedEvent } from "../domain/event.ts";
import type { ShardEvent } from "../domain/shard/events.ts";
import { decide, evolve, plain, type Shard, type ShardCommand, shardStream } from "../domain/shard/shard.ts";
import { readAggregate } from "../eventstore/aggregate.ts";
import { eventId } from "../eventstore/event-id.ts";
import { type EventStore, StoreError } from "../eventstore/event-store.ts";

export type ShardWork = {
  readonly shard: string;
  readonly command: ShardCommand;
  readonly operation: string;
  readonly actor: string;
};

export interface Shards {
  /** All there are, by name: those that were defined, and the one that processes are configured with. */
  all(): Promise<readonly Shard[]>;
  /** Decides and records; answers the shard as it is then, and rejects with the refusal. */
  decide(work: ShardWork): Promise<Shard>;
}

const reloads = 20;

/** `home`: where proxies are that were told nothing else; it takes part also where nobody has defined it. */
export function shards(store: EventStore, { home }: { readonly home: string }): Shards {
  const known = new Map([[home, plain(home)]]);
  let seen = 0n;
  let reading = Promise.resolve();

  const readOn = async (): Promise<void> => {
    const head = await store.head();
    if (head <= seen) return;
    const filter = { streamPrefixes: [shardStream("")] };
    for await (const event of store.readAll({ after: seen, filter })) {
      const { type, data, position } = event as RecordedEvent<ShardEvent>;
      const { shard } = data;
      known.set(shard, evolve(known.get(shard) ?? plain(shard), { type, data } as ShardEvent));
      seen = position;
    }
    if (head > seen) seen = head;
  };

  return {
    async all() {
      // One after the other: an event must not be folded twice.
      reading = reading.catch(() => {}).then(readOn);
      await reading;
      return [...known.values()].sort((a, b) => (a.shard < b.shard ? -1 : 1));
    },

    async decide({ shard, command, operation, actor }) {
      const stream = shardStream(shard);
      for (let attempt = 1; ; attempt++) {
        const { state, events, expected } = await readAggregate<Shard, ShardEvent>(
          store,
          stream,
          plain(shard),
          evolve,
        );
        const isKnown = shard === home || events.some(({ type }) => type === "ShardDefined");
        const decided = decide(command, state, isKnown);
        if (decided.length === 0) return state;
        const named = decided.map((event, index) => ({
          ...event,
          id: eventId({ operation, stream, step: command.type, round: 0, index }),
          metadata: {
            actor,
            operation,
            correlation: operation,
            causation: command.type,
            schema: 1,
            incarnation: 0,
          },
        }));
        try {
          await store.append(stream, named, { expected });
          return decided.reduce(evolve, state);
        } catch (error) {
          const conflict = error instanceof StoreError && error.kind === "RevisionConflict";
          if (!conflict || attempt === reloads) throw error;
        }
      }
    },
  };
}
