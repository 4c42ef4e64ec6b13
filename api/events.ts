import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { PrismError } from "../domain/errors.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Caller } from "../runtime/auth.ts";
import { namespaceFeed, teamFeed } from "./event-feeds.ts";
import { answerStream } from "./event-stream.ts";
import { everOwned, type LookupDependencies } from "./lookup.ts";
import { errors, eventStream, position } from "./schemas.ts";

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
        const feed = (signal: AbortSignal) =>
          namespace !== undefined
            ? namespaceFeed(deps, caller, namespace, start, signal)
            : teamFeed(deps, caller, team, start, signal);
        await answerStream(request, reply, caller, feed, String(start));
      },
    );
  };

function refuseForeignTeam(caller: Caller, team: string | undefined): void {
  if (team === undefined || caller.platform || caller.audit || caller.teams.includes(team)) return;
  throw new PrismError("NOT_FOUND", `Team '${team}' does not exist`, { details: { field: "team" } });
}
