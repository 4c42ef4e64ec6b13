import { PrismError } from "../domain/errors.ts";
import { decideAll, type TeamCommand, type Verdict } from "../domain/team/decide.ts";
import type { TeamEvent } from "../domain/team/events.ts";
import { evolve, streamOf, type Team, undefinedTeam } from "../domain/team/team.ts";
import { type Aggregate, readFromSnapshot } from "../eventstore/aggregate.ts";
import { eventId } from "../eventstore/event-id.ts";
import { type EventStore, type NewEvent, StoreError } from "../eventstore/event-store.ts";

export type TeamWork = {
  readonly team: string;
  readonly command: TeamCommand;
  readonly operation: string;
  readonly actor: string;
  /** Default: 0. A repeat of a round is decided once. */
  readonly round?: number;
};

export interface TeamCommands {
  /** The team as its stream tells it now; one that was never defined has an empty name. */
  read(team: string): Promise<Team>;
  /**
   * Decides and records; resolves with the position up to which the team was read or
   * written, rejects with the refusal. What is queued for one team is decided together:
   * one fold and one append, a verdict for each.
   */
  decide(work: TeamWork): Promise<bigint>;
}

type Waiting = {
  readonly work: TeamWork;
  readonly resolve: (position: bigint) => void;
  readonly reject: (error: unknown) => void;
};

const reloads = 20;

export function teamCommands(store: EventStore): TeamCommands {
  const queues = new Map<string, Waiting[]>();

  const drain = async (team: string, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.splice(0);
      try {
        const { verdicts, position } = await decideTogether(store, team, batch);
        verdicts.forEach((verdict, index) => {
          if (verdict.accepted) batch[index]?.resolve(position);
          else batch[index]?.reject(verdict.error);
        });
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    queues.delete(team);
  };

  return {
    read: async (team) => (await readTeam(store, team)).state,
    decide: (work) =>
      new Promise((resolve, reject) => {
        const waiting = { work, resolve, reject };
        const queue = queues.get(work.team);
        if (queue !== undefined) return void queue.push(waiting);
        const fresh = [waiting];
        queues.set(work.team, fresh);
        void drain(work.team, fresh);
      }),
  };
}

const readTeam = (store: EventStore, team: string): Promise<Aggregate<Team, TeamEvent>> =>
  readFromSnapshot<Team, TeamEvent>(
    store,
    streamOf(team),
    undefinedTeam,
    evolve,
    ({ type }) => type === "QuotaSnapshot",
  );

async function decideTogether(
  store: EventStore,
  team: string,
  batch: readonly Waiting[],
): Promise<{ verdicts: readonly Verdict[]; position: bigint }> {
  for (let attempt = 1; ; attempt++) {
    const { state, events: past, expected } = await readTeam(store, team);
    const { events, verdicts } = decideAll(
      state,
      batch.map(({ work }) => work.command),
    );
    if (events.length === 0) return { verdicts, position: past.at(-1)?.position ?? 0n };
    try {
      const { position } = await store.append(streamOf(team), named(events, verdicts, batch), { expected });
      return { verdicts, position };
    } catch (error) {
      const conflict = error instanceof StoreError && error.kind === "RevisionConflict";
      if (!conflict || attempt === reloads) throw error;
    }
  }
}

/** Each event with the actor and operation of the command it follows from; a snapshot goes with the one before it. */
function named(
  events: readonly TeamEvent[],
  verdicts: readonly Verdict[],
  batch: readonly Waiting[],
): NewEvent[] {
  const causes = new Map<TeamEvent, TeamWork>();
  verdicts.forEach((verdict, index) => {
    const work = batch[index]?.work;
    if (verdict.accepted && work !== undefined) for (const event of verdict.events) causes.set(event, work);
  });
  let cause: TeamWork | undefined;
  return events.map((event, index) => {
    cause = causes.get(event) ?? cause ?? batch[0]?.work;
    if (cause === undefined) throw new PrismError("INTERNAL", `${event.type} follows from no command`);
    const { team, operation, actor, command, round = 0 } = cause;
    // A sweep gives back what several namespaces of one team have leaked.
    const step = [command.type, ...("namespace" in command ? [command.namespace] : []), event.type].join(" ");
    return {
      ...event,
      id: eventId({
        operation,
        stream: streamOf(team),
        step,
        round,
        index: event.type === "QuotaSnapshot" ? index : 0,
      }),
      metadata: {
        actor,
        operation,
        correlation: operation,
        causation: command.type,
        schema: 1,
        incarnation: 0,
      },
    };
  });
}
