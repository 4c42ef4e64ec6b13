import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AuditRow } from "../domain/projections/audit.ts";
import { cutOff } from "../eventstore/anchor.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import { type Finding, verifyChains } from "../eventstore/verify-chains.ts";
import type { Anchors } from "./anchors.ts";
import { mustAudit } from "./audit.ts";
import { errors } from "./schemas.ts";

const finding = z.object({
  stream: z.string().nullable().describe("null: the log as a whole"),
  revision: z.string().nullable(),
  position: z.string(),
  wrong: z.string(),
});

const verifiedAnswer = z
  .object({
    after: z.string(),
    position: z.string().describe("Everything after `after` up to here is verified"),
    head: z.string().describe("The log's last position"),
    events: z.number(),
    streams: z.number().describe("Those that begin here"),
    findings: z.array(finding).readonly(),
    missing: finding.nullable().describe("Where the log ends before it once did"),
    anchors: z.object({
      checked: z.number().describe("That this part was compared with"),
      last: z.object({ position: z.string(), at: z.string() }).nullable(),
    }),
    digest: z.string().nullable().describe("Give it to the next part: anchors are compared with it"),
    next: z.string().nullable().describe("`after` of the next part; null at the end of the log"),
  })
  .describe("No findings in all parts: every event of every stream is as it was appended");

export type VerifyRoute = {
  readonly store: EventStore;
  readonly auditRows: ProjectionReader<AuditRow>;
  /** Left out where there is no archive: then nobody can tell of a log that was cut off or written anew. */
  readonly anchors?: Anchors | undefined;
};

/** Whether the events are as they were appended, and the log what it was when it was anchored. */
export const verifyRoute =
  ({ store, auditRows, anchors }: VerifyRoute): FastifyPluginAsyncZod =>
  async (server) => {
    server.get(
      "/audit/verify",
      {
        schema: {
          tags: ["operator"],
          summary: "The chains of hashes of all streams, part by part (platform and audit)",
          querystring: z.object({
            after: z
              .string()
              .regex(/^\d{1,18}$/, "must be a position")
              .default("0"),
            digest: z
              .string()
              .regex(/^[0-9a-f]{64}$/, "must be what the part before answered")
              .optional(),
            limit: z.coerce.number().int().min(1).max(1000).default(1000),
          }),
          response: { 200: verifiedAnswer, ...errors },
        },
      },
      async (request) => {
        mustAudit(await request.caller());
        const { after, limit, digest } = request.query;
        const kept = (await anchors?.all()) ?? [];
        // In this order: what was read cannot be ahead of a log that only grows.
        const read = await auditRows.position();
        const head = await store.head();
        const range = { after: BigInt(after), limit, anchors: kept };
        const part = await verifyChains(store, digest === undefined ? range : { ...range, digest });
        const last = kept.at(-1);
        return {
          after,
          position: String(part.position),
          head: String(head),
          events: part.events,
          streams: part.streams,
          findings: part.findings.map(shown),
          missing: missing(cutOff(kept, head) ?? readFurther(read, head)),
          anchors: {
            checked: part.anchors,
            last: last === undefined ? null : { position: last.position, at: last.at },
          },
          digest: part.digest,
          next: part.events < limit ? null : String(part.position),
        };
      },
    );
  };

type Whole = Pick<Finding, "position" | "wrong">;

/** Also without anchors: nobody has read what was never there. */
function readFurther(read: bigint, head: bigint): Whole | undefined {
  if (read <= head) return undefined;
  return {
    position: head,
    wrong: `the log ends here, and was read up to position ${read}: its end was cut off`,
  };
}

const missing = (whole: Whole | undefined) =>
  whole === undefined ? null : shown({ stream: null, revision: null, ...whole });

const shown = ({ revision, position, ...finding }: Finding) => ({
  ...finding,
  revision: revision === null ? null : String(revision),
  position: String(position),
});
