import type { RecordedEvent } from "../domain/event.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { evolve } from "../domain/namespace/evolve.ts";
import { absent, type Namespace } from "../domain/namespace/namespace.ts";
import { type Fleet, identityKey } from "../domain/reconcile/fleet.ts";
import type { Life } from "../domain/reconcile/thing.ts";
import type { TeamEvent } from "../domain/team/events.ts";
import { evolve as evolveTeam, type Team, undefinedTeam } from "../domain/team/team.ts";
import type { EventStore } from "../eventstore/event-store.ts";

const streams = { namespace: "namespace-", team: "team-" };

/** All that the event store knows, read to its end at every call; what was read before is not read again. */
export function fleetReader(store: EventStore): () => Promise<Fleet> {
  const namespaces = new Map<string, Namespace>();
  const teams = new Map<string, Team>();
  const made = new Map<string, Life>();
  let after = 0n;

  const take = (event: RecordedEvent): void => {
    if (event.stream.startsWith(streams.team)) {
      const team = event.stream.slice(streams.team.length);
      teams.set(team, evolveTeam(teams.get(team) ?? undefinedTeam, event as RecordedEvent<TeamEvent>));
      return;
    }
    const name = event.stream.slice(streams.namespace.length);
    const fact = event as RecordedEvent<NamespaceEvent>;
    const state = evolve(namespaces.get(name) ?? absent, fact);
    namespaces.set(name, state);
    if (fact.type !== "ResourceProvisioned") return;
    const { resource, identity } = fact.data;
    made.set(identityKey(resource.backend, identity), { namespace: name, incarnation: state.incarnation });
  };

  const readOn = async (): Promise<Fleet> => {
    const filter = { streamPrefixes: Object.values(streams) };
    for await (const event of store.readAll({ after, filter })) {
      take(event);
      after = event.position;
    }
    return { namespaces: new Map(namespaces), teams: new Map(teams), made: new Map(made) };
  };
  // One at a time: two that read on side by side would take events twice.
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(readOn);
    last = next.catch(() => {});
    return next;
  };
}
