import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { RecordedEvent } from "../domain/event.ts";
import { canonicalJson } from "../domain/json.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import { type NamespaceRow, namespaces } from "../domain/projections/namespaces.ts";
import { sha256Hex } from "../domain/sha256.ts";
import { type EventStore, StoreError } from "../eventstore/event-store.ts";
import { recordedHash } from "../eventstore/hash-chain.ts";
import { type ArchivedLife, type ArchiveReading, archivedLives } from "./archived-history.ts";
import { everOwned, type LookupDependencies, lookup } from "./lookup.ts";
import { ownedLives } from "./ownership.ts";
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

// The history may grow between the fold and the look: then both are done again.
const attempts = 3;

type Judge = (event: RecordedEvent) => boolean;

async function replay({ store, namespaces: served }: HistoryRoutes, namespace: string, theirs: Judge) {
  for (let attempt = 1; ; attempt++) {
    const folded = await fold(store, namespace, theirs);
    await served.waitFor(folded.last, AbortSignal.timeout(5_000));
    const row = (await served.get(namespace)) ?? null;
    const equal = text(row) === text(folded.row);
    if (!equal && attempt < attempts) continue;
    return {
      served: row,
      replayed: folded.row,
      equal: equal && folded.brokenAt === null,
      events: folded.events,
      digest: sha256Hex(text(folded.row)),
      chain: { intact: folded.brokenAt === null, broken_at: folded.brokenAt },
    };
  }
}

type Folded = {
  readonly row: NamespaceRow | null;
  /** Of those that are the caller's to see. */
  readonly events: number;
  readonly last: bigint;
  /** Revision of the first event whose hash does not follow from what is stored. */
  readonly brokenAt: string | null;
};

async function fold(store: EventStore, namespace: string, theirs: Judge): Promise<Folded> {
  let row: NamespaceRow | undefined;
  let events = 0;
  let last = 0n;
  let previous: string | null = null;
  let brokenAt: string | null = null;
  for await (const event of eventsOf(store, namespace)) {
    if (brokenAt === null && recordedHash(event, previous) !== event.hash) brokenAt = String(event.revision);
    previous = event.hash;
    row = namespaces.apply(row, event as never);
    if (theirs(event)) events += 1;
    last = event.position;
  }
  return { row: row ?? null, events, last, brokenAt };
}

const text = (row: NamespaceRow | null): string =>
  canonicalJson(JSON.parse(JSON.stringify(row)) as NamespaceRow | null);

async function* eventsOf(store: EventStore, namespace: string): AsyncIterable<RecordedEvent> {
  try {
    yield* store.readStream(streamOf(namespace));
  } catch (error) {
    if (error instanceof StoreError && error.kind === "StreamNotFound") return;
    throw error;
  }
}
