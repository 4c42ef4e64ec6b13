import type { RecordedEvent } from "../domain/event.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { teamsOf } from "../domain/namespace/namespace.ts";
import type { Caller } from "../runtime/auth.ts";

/** Whose a namespace is, and who is to own it once the update under way is in force. */
export type Owners = { readonly owners: readonly string[]; readonly next: readonly string[] };

const nobody: Owners = { owners: [], next: [] };

/**
 * A name's stream goes on when another team takes the name, and its owners may change within a life: a caller
 * sees what happened while it was their team's, and no more. Feed it the stream in order, from its beginning or
 * from where it is known whose it was (`known`).
 */
export function ownedLives(caller: Caller, known: Owners = nobody): (event: RecordedEvent) => boolean {
  let { owners, next } = known;
  return (event) => {
    const fact = event as RecordedEvent<NamespaceEvent>;
    if (fact.type === "NamespaceRequested") owners = teamsOf(fact.data.request);
    // Who is to own it owns it once the update is in force, which may never be.
    if (fact.type === "UpdateRequested") next = teamsOf(fact.data.request);
    if (fact.type === "UpdateApplied") owners = next;
    return caller.platform || caller.audit || owners.some((owner) => caller.teams.includes(owner));
  };
}
