import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { PrismError } from "../domain/errors.ts";
import { type AuditRow, auditKey } from "../domain/projections/audit.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import type { AuditLog } from "./audit-log.ts";
import { errors, listOf, page, position } from "./schemas.ts";

const auditAnswer = z.object({
  position: z.string(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  outcome: z.string(),
  namespace: z.string().nullable(),
  team: z.string().nullable(),
  operation: z.string().nullable(),
  kind: z.string().describe("change or read: a call; event: what came of one later"),
  call: z
    .object({
      method: z.string(),
      route: z.string().nullable(),
      from: z.string(),
      status: z.number().nullable(),
      code: z.string().nullable(),
      times: z.number().describe("So many alike, within a second"),
    })
    .nullable(),
  hash: z.string(),
});

const patienceMs = 5_000;

export type AuditRoutes = {
  readonly auditRows: ProjectionReader<AuditRow>;
  readonly auditLog: AuditLog;
  readonly store: EventStore;
};

/** Who did what, when, with what outcome: every call, also what was refused, and what came of it. */
export const auditRoutes =
  ({ auditRows, auditLog, store }: AuditRoutes): FastifyPluginAsyncZod =>
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
            outcome: z.enum(["begun", "accepted", "succeeded", "refused", "failed"]).optional(),
            kind: z.enum(["change", "read", "event"]).optional(),
            after: position,
          }),
          response: { 200: listOf(auditAnswer), ...errors },
        },
      },
      async (request) => {
        mustAudit(await request.caller());
        const { namespace, actor, outcome, kind, after, cursor, limit } = request.query;
        // What was recorded is in it, and what this process has answered before.
        await auditLog.flush().catch(() => {});
        await auditRows.waitFor(await store.head(), AbortSignal.timeout(patienceMs));
        const { items, next } = await auditRows.list({
          where: { namespace, actor, outcome, kind },
          after: cursor ?? (after === undefined ? undefined : auditKey(BigInt(after))),
          limit,
        });
        return { items: items.map(({ row }) => row), next_cursor: next };
      },
    );
  };

export function mustAudit(caller: Caller): void {
  if (caller.platform || caller.audit) return;
  throw new PrismError("FORBIDDEN", "Only the platform team and auditors read the audit log", {
    details: {
      recommendation: "GET /namespaces/{ns}/history tells its owners what happened to a namespace",
    },
  });
}
