import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { PrismError } from "../domain/errors.ts";
import type { RecordedEvent } from "../domain/event.ts";
import { streamOf, teamsOf } from "../domain/namespace/namespace.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";
import { streamOf as teamStreamOf } from "../domain/team/team.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import { answerStream, type ServerSentEvent } from "./event-stream.ts";
import { everOwned, type LookupDependencies } from "./lookup.ts";
import { ownedLives } from "./ownership.ts";
import { readNamespace } from "./read-namespace.ts";
import { errors, eventStream, position } from "./schemas.ts";
import { eventView } from "./views.ts";

export type EventRoutes = LookupDependencies & { readonly store: EventStore };

/** Events as they happen. `id` is the position: a reader that comes back with it misses nothing and gets nothing twice. */
export const eventRoutes =
  (deps: EventRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    server.get(
      "/events",
      {
        exposeHeadRoute: false,
        schema: {
          tags: ["namespaces"],
          summary: "Watch events (server-sent)",
          description:
            "One namespace's, or one team's namespaces and quota. `Last-Event-ID` resumes; without, only what is new.",
          headers: z.object({ "last-event-id": position }),
          querystring: z.object({
            namespace: z.string().optional(),
            team: z.string().optional(),
            after: position.describe("As Last-Event-ID, for those who cannot send it; 0: from the beginning"),
          }),
          response: { 200: eventStream, ...errors },
        },
      },
      async (request, reply) => {
        const caller = await request.caller();
        const { namespace, team, after } = request.query;
        const from = request.headers["last-event-id"] ?? after;
        const start = from === undefined ? await deps.store.head() : BigInt(from);
        if (namespace !== undefined) await everOwned(deps, caller, namespace);
        else refuseForeignTeam(caller, team);
        await answerStream(request, reply, caller, (signal) =>
          namespace !== undefined
            ? ofNamespace(deps, caller, namespace, start, signal)
            : ofTeam(deps, caller, team, start, signal),
        );
      },
    );
  };

type Feed = AsyncIterable<ServerSentEvent>;

/** What there is comes from the stream itself, however long the log is; then the log, from where that ended. */
async function* ofNamespace(
  { store }: EventRoutes,
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
async function* ofTeam(
  { store, namespaces }: EventRoutes,
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

function refuseForeignTeam(caller: Caller, team: string | undefined): void {
  if (team === undefined || caller.platform || caller.audit || caller.teams.includes(team)) return;
  throw new PrismError("NOT_FOUND", `Team '${team}' does not exist`, { details: { field: "team" } });
}
