import type { RecordedEvent } from "../domain/event.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import type { Caller } from "../runtime/auth.ts";

/**
 * A name's stream goes on when another team takes the name: a caller sees the lives that
 * their own team had, and no other. Feed it the stream from its beginning, in order.
 */
export function ownedLives(caller: Caller): (event: RecordedEvent) => boolean {
  let owners: readonly string[] = [];
  return (event) => {
    const fact = event as RecordedEvent<NamespaceEvent>;
    if (fact.type === "NamespaceRequested") {
      const { team, access } = fact.data.request;
      owners = [team, ...access.owners.map((owner) => owner.team)];
    }
    return caller.platform || caller.audit || owners.some((owner) => caller.teams.includes(owner));
  };
}
