import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { PrismError } from "../domain/errors.ts";
import { type AuditRow, auditKey } from "../domain/projections/audit.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import { verifyChains } from "../eventstore/verify-chains.ts";
import type { Caller } from "../runtime/auth.ts";
import type { AuditLog } from "./audit-log.ts";
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

const verifiedAnswer = z
  .object({
    after: z.string(),
    position: z.string().describe("Everything after `after` up to here is verified"),
    head: z.string().describe("The log's last position"),
    events: z.number(),
    streams: z.number().describe("Those that begin here"),
    findings: z
      .array(z.object({ stream: z.string(), revision: z.string(), position: z.string(), wrong: z.string() }))
      .readonly(),
    next: z.string().nullable().describe("`after` of the next part; null at the end of the log"),
  })
  .describe("No findings in all parts: every event of every stream is as it was appended");

const patienceMs = 5_000;

const positionText = z.string().regex(/^\d{1,18}$/, "must be a position");

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
            after: positionText.optional(),
          }),
          response: { 200: listOf(auditAnswer), ...errors },
        },
      },
      async (request) => {
        mustAudit(await request.caller());
        const { namespace, actor, outcome, kind, after, cursor, limit } = request.query;
        // What this process has answered before is in it.
        await auditRows.waitFor(await auditLog.flush().catch(() => 0n), AbortSignal.timeout(patienceMs));
        const { items, next } = await auditRows.list({
          where: { namespace, actor, outcome, kind },
          after: cursor ?? (after === undefined ? undefined : auditKey(BigInt(after))),
          limit,
        });
        return { items: items.map(({ row }) => row), next_cursor: next };
      },
    );

    server.get(
      "/audit/verify",
      {
        schema: {
          tags: ["operator"],
          summary: "The chains of hashes of all streams, part by part (platform and audit)",
          querystring: z.object({
            after: positionText.default("0"),
            limit: z.coerce.number().int().min(1).max(1000).default(1000),
          }),
          response: { 200: verifiedAnswer, ...errors },
        },
      },
      async (request) => {
        mustAudit(await request.caller());
        const { after, limit } = request.query;
        const head = await store.head();
        const { position, ...part } = await verifyChains(store, { after: BigInt(after), limit });
        const findings = part.findings.map((one) => ({
          ...one,
          revision: String(one.revision),
          position: String(one.position),
        }));
        const next = part.events < limit ? null : String(position);
        return { ...part, after, position: String(position), head: String(head), findings, next };
      },
    );
  };

function mustAudit(caller: Caller): void {
  if (caller.platform || caller.audit) return;
  throw new PrismError("FORBIDDEN", "Only the platform team and auditors read the audit log", {
    details: {
      recommendation: "GET /namespaces/{ns}/history tells its owners what happened to a namespace",
    },
  });
}
