import type { RecordedEvent } from "../domain/event.ts";
import { streamOf, teamsOf } from "../domain/namespace/namespace.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";
import { streamOf as teamStreamOf } from "../domain/team/team.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import type { ServerSentEvent } from "./event-stream.ts";
import { ownedLives } from "./ownership.ts";
import { readNamespace } from "./read-namespace.ts";
import { eventView } from "./views.ts";

export type FeedDependencies = {
  readonly store: EventStore;
  readonly namespaces: ProjectionReader<NamespaceRow>;
};

type Feed = AsyncIterable<ServerSentEvent>;

/** What there is comes from the stream itself, however long the log is; then the log, from where that ended. */
export async function* namespaceFeed(
  { store }: FeedDependencies,
  caller: Caller,
  namespace: string,
  start: bigint,
  signal: AbortSignal,
): Feed {
  const stream = streamOf(namespace);
  const theirs = ownedLives(caller);
  const head = await store.head();
  for (const event of (await readNamespace(store, namespace)).events) {
    if (signal.aborted || event.position > head) break;
    if (theirs(event) && event.position > start) yield shown(event);
  }
  const filter = { streamPrefixes: [stream] };
  for await (const item of store.subscribe({ after: head, filter, signal })) {
    const isNew = item.kind === "event" && item.event.stream === stream && theirs(item.event);
    if (isNew && item.event.position > start) yield shown(item.event);
  }
}

/** A team's own, or without one all that the caller may see. Whose each namespace was then, the directory knows. */
export async function* teamFeed(
  { store, namespaces }: FeedDependencies,
  caller: Caller,
  team: string | undefined,
  start: bigint,
  signal: AbortSignal,
): Feed {
  const asked: Caller =
    team === undefined ? caller : { ...caller, teams: [team], platform: false, audit: false };
  const judges = await judgesAt(namespaces, asked, start);
  const theirs = (event: RecordedEvent): boolean => {
    if (event.stream.startsWith(teamStreamOf(""))) {
      return team === undefined
        ? caller.platform || caller.audit || mine(caller, event)
        : event.stream === teamStreamOf(team);
    }
    const judge = judges.get(event.stream) ?? ownedLives(asked);
    judges.set(event.stream, judge);
    return judge(event);
  };
  const filter = { streamPrefixes: [streamOf(""), teamStreamOf("")] };
  for await (const item of store.subscribe({ after: start, filter, signal })) {
    if (item.kind === "event" && theirs(item.event)) yield shown(item.event);
  }
}

type Judge = (event: RecordedEvent) => boolean;

/** One judge a namespace that was theirs at a position, or was about to be; to the others it is nobody's yet. */
async function judgesAt(
  namespaces: ProjectionReader<NamespaceRow>,
  caller: Caller,
  position: bigint,
): Promise<Map<string, Judge>> {
  const judges = new Map<string, Judge>();
  if (caller.platform || caller.audit || position === 0n) return judges;
  for await (const { row } of namespaces.scan({ asOf: position })) {
    const known = { owners: teamsOf(row.request), next: row.next === null ? [] : teamsOf(row.next.request) };
    const concerns = [...known.owners, ...known.next].some((owner) => caller.teams.includes(owner));
    if (concerns) judges.set(streamOf(row.namespace), ownedLives(caller, known));
  }
  return judges;
}

const mine = (caller: Caller, { stream }: RecordedEvent): boolean =>
  caller.teams.some((team) => stream === teamStreamOf(team));

const shown = (event: RecordedEvent): ServerSentEvent => ({
  id: String(event.position),
  event: event.type,
  data: eventView(event),
});
