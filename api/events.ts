import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { PrismError } from "../domain/errors.ts";
import type { RecordedEvent } from "../domain/event.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import { streamOf as teamStreamOf } from "../domain/team/team.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Caller } from "../runtime/auth.ts";
import { answerStream, type ServerSentEvent } from "./event-stream.ts";
import { type LookupDependencies, lookup } from "./lookup.ts";
import { ownedLives } from "./ownership.ts";
import { errors, eventStream, position } from "./schemas.ts";
import { eventView } from "./views.ts";

export type EventRoutes = LookupDependencies & { readonly store: EventStore };

/** Events as they happen. `id` is the position: a reader that comes back with it misses nothing and gets nothing twice. */
export const eventRoutes =
  (deps: EventRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    const { owned } = lookup(deps);

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
        if (namespace !== undefined) await owned(caller, namespace);
        else refuseForeignTeam(caller, team);
        const wanted =
          namespace !== undefined ? ofNamespace(caller, namespace, start) : ofTeam(caller, team, start);
        await answerStream(request, reply, caller, (signal) => following(deps.store, wanted, signal));
      },
    );
  };

type Wanted = {
  readonly streamPrefixes: readonly string[];
  /** Where the reading begins: whose a namespace is, is known only from its stream's beginning. */
  readonly after: bigint;
  readonly shows: (event: RecordedEvent) => boolean;
};

function ofNamespace(caller: Caller, namespace: string, position: bigint): Wanted {
  const stream = streamOf(namespace);
  const theirs = ownedLives(caller);
  return {
    streamPrefixes: [stream],
    after: 0n,
    shows: (event) => event.stream === stream && theirs(event) && event.position > position,
  };
}

function ofTeam(caller: Caller, team: string | undefined, position: bigint): Wanted {
  // One judge a namespace: each stream tells for itself whose its lives are.
  const judges = new Map<string, (event: RecordedEvent) => boolean>();
  const asked: Caller =
    team === undefined ? caller : { ...caller, teams: [team], platform: false, audit: false };
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
  return {
    streamPrefixes: [streamOf(""), teamStreamOf("")],
    after: 0n,
    // Judged even when it is not shown: the judges learn from every event.
    shows: (event) => theirs(event) && event.position > position,
  };
}

const mine = (caller: Caller, { stream }: RecordedEvent): boolean =>
  caller.teams.some((team) => stream === teamStreamOf(team));

async function* following(
  store: EventStore,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncIterable<ServerSentEvent> {
  const { streamPrefixes, after, shows } = wanted;
  for await (const item of store.subscribe({ after, filter: { streamPrefixes }, signal })) {
    if (item.kind !== "event" || !shows(item.event)) continue;
    yield { id: String(item.event.position), event: item.event.type, data: eventView(item.event) };
  }
}

function refuseForeignTeam(caller: Caller, team: string | undefined): void {
  if (team === undefined || caller.platform || caller.audit || caller.teams.includes(team)) return;
  throw new PrismError("NOT_FOUND", `Team '${team}' does not exist`, { details: { field: "team" } });
}
