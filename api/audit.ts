import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { PrismError } from "../domain/errors.ts";
import { type AuditRow, auditKey } from "../domain/projections/audit.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import { errors, listOf, page } from "./schemas.ts";

const auditAnswer = z.object({
  position: z.string(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  outcome: z.string(),
  namespace: z.string().nullable(),
  team: z.string().nullable(),
  operation: z.string().nullable(),
  hash: z.string(),
});

/** Who did what, when, with what outcome, as the events tell it. Refused calls leave no event, and are not here yet. */
export const auditRoutes =
  ({ auditRows }: { readonly auditRows: ProjectionReader<AuditRow> }): FastifyPluginAsyncZod =>
  async (server) => {
    server.get(
      "/audit",
      {
        schema: {
          tags: ["operator"],
          summary: "Who did what, oldest first (platform and audit)",
          querystring: page.extend({
            namespace: z.string().optional(),
            actor: z.string().optional(),
            after: z
              .string()
              .regex(/^\d{1,18}$/, "must be a position")
              .optional(),
          }),
          response: { 200: listOf(auditAnswer), ...errors },
        },
      },
      async (request) => {
        const caller = await request.caller();
        if (!caller.platform && !caller.audit) {
          throw new PrismError("FORBIDDEN", "Only the platform team and auditors read the audit log", {
            details: {
              recommendation: "GET /namespaces/{ns}/history tells its owners what happened to a namespace",
            },
          });
        }
        const { namespace, actor, after, cursor, limit } = request.query;
        const { items, next } = await auditRows.list({
          where: { namespace, actor },
          after: cursor ?? (after === undefined ? undefined : auditKey(BigInt(after))),
          limit,
        });
        return { items: items.map(({ row }) => row), next_cursor: next };
      },
    );
  };
