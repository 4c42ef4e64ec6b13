import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { RecordedEvent } from "../domain/event.ts";
import { type ArchivedLife, type ArchiveReading, archivedLives } from "./archived-history.ts";
import { eventsOf } from "./events-of.ts";
import { everOwned, type LookupDependencies, lookup } from "./lookup.ts";
import { ownedLives } from "./ownership.ts";
import { replay } from "./replay.ts";
import { errors, eventAnswer, replayAnswer } from "./schemas.ts";
import { eventView } from "./views.ts";

export type HistoryRoutes = LookupDependencies & ArchiveReading;

const tags = ["namespaces"];
const params = z.object({ ns: z.string() });

const archiveAnswer = z.object({
  incarnation: z.number(),
  bucket: z.string(),
  key: z.string(),
  digest: z.string().describe("SHA-256 of its lines, as it was recorded"),
  intact: z.boolean(),
  wrong: z.string().nullable(),
});

const historyAnswer = z.object({
  items: z.array(eventAnswer),
  archives: z
    .array(archiveAnswer)
    .optional()
    .describe("With `archived`: what was read, and whether it is what it was"),
});

const archiveView = ({ events: _, ...life }: ArchivedLife) => life;

/** What happened, and whether what is served follows from it. */
export const historyRoutes =
  (deps: HistoryRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    const { owned } = lookup(deps);

    server.get(
      "/namespaces/:ns/history",
      {
        schema: {
          tags,
          summary: "What happened, oldest first",
          params,
          querystring: z.object({
            after: z
              .string()
              .regex(/^\d{1,18}$/, "must be a position")
              .optional(),
            limit: z.coerce.number().int().min(1).max(1000).default(100),
            type: z.string().max(100).optional(),
            archived: z
              .enum(["true", "false"])
              .default("false")
              .describe("Of lives that have ended: as it was kept in S3, read back and compared"),
          }),
          response: { 200: historyAnswer, ...errors },
        },
      },
      async (request) => {
        const caller = await request.caller();
        const { after = "0", limit, type, archived } = request.query;
        const { ns: namespace } = request.params;
        await everOwned(deps, caller, namespace);
        const wanted = (event: RecordedEvent) =>
          event.position > BigInt(after) && (type === undefined || event.type === type);
        if (archived === "true") {
          const lives = await archivedLives(deps, caller, namespace);
          const items = lives.flatMap(({ events }) => events.filter(wanted)).slice(0, limit);
          return { items: items.map(eventView), archives: lives.map(archiveView) };
        }
        const theirs = ownedLives(caller);
        const items = [];
        for await (const event of eventsOf(deps.store, namespace)) {
          if (theirs(event) && wanted(event)) items.push(eventView(event));
          if (items.length === limit) break;
        }
        return { items };
      },
    );

    server.get(
      "/namespaces/:ns/replay",
      {
        schema: {
          tags,
          summary: "The history folded afresh, against what is served",
          description: "Also checks the chain of hashes: an event that was changed in the store is found.",
          params,
          response: { 200: replayAnswer, ...errors },
        },
      },
      async (request) => {
        const caller = await request.caller();
        const { namespace } = await owned(caller, request.params.ns);
        return replay(deps, namespace, ownedLives(caller));
      },
    );
  };
