import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { v7 as uuid7 } from "uuid";
import { z } from "zod";
import type { SeenFinding, Sweep, Sweeps } from "../control/sweeps.ts";
import { PrismError } from "../domain/errors.ts";
import { findingClasses } from "../domain/reconcile/finding.ts";
import { type OperationRoutes, operationViews } from "./operations.ts";
import { errors, listOf, operationAnswer, page, position } from "./schemas.ts";
import { sweepRow } from "./sweep-operation.ts";
import type { Sweeper } from "./sweeper.ts";

export type DriftRoutes = OperationRoutes & { readonly sweeps: Sweeps; readonly sweeper: Sweeper };

const tags = ["operator"];

const field = z.object({ field: z.string(), planned: z.string(), actual: z.string() });
const finding = z.object({
  class: z.enum(findingClasses),
  backend: z.string().nullable(),
  kind: z.string().nullable(),
  name: z.string().nullable(),
  namespace: z.string().nullable().describe("Whose it is, as far as that is known"),
  operation: z.string().nullable().describe("The one that is stuck, or that left it"),
  fields: z.array(field).readonly().describe("What is not as planned, field by field"),
  because: z.string(),
  remedy: z
    .string()
    .describe("What reconcile does: repair, cleanup, remove, resume, return, quarantine or none"),
  settled: z.boolean().describe("Reconcile has put it right since"),
  seen_at: z.string(),
});

const sweepAnswer = z.object({
  id: z.string(),
  state: z.string(),
  requested_by: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  unseen: z.record(z.string(), z.string()).readonly().describe("Backends that did not answer, and why"),
});

/** What is not as it should be, as it was last looked at; and another look. */
export const driftRoutes =
  (deps: DriftRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    const { sweeps, sweeper } = deps;
    const view = operationViews(deps);

    server.get(
      "/drift",
      {
        schema: {
          tags,
          summary: "What the last look at the backends found (platform and audit)",
          description: "Of a backend that did not answer, what was found before stands.",
          querystring: page.extend({
            cursor: position,
            class: z.enum(findingClasses).optional(),
            namespace: z.string().max(200).optional(),
          }),
          response: { 200: listOf(finding).extend({ sweep: sweepAnswer.nullable() }), ...errors },
        },
      },
      async (request) => {
        const caller = await request.caller();
        if (!caller.platform && !caller.audit) throw forbidden("see what drifted");
        const { limit, cursor, class: what, namespace } = request.query;
        const rows = await sweeps.list({ class: what, namespace, after: cursor, limit });
        const sweep = await sweeps.last();
        return {
          items: rows.map(shown),
          next_cursor: rows.length < limit ? null : (rows.at(-1)?.id ?? null),
          sweep: sweep === undefined ? null : about(sweep),
        };
      },
    );

    server.post(
      "/reconcile",
      {
        schema: {
          tags,
          summary: "Look at everything now, and repair what is ours (platform)",
          description:
            "Repairs are operations of their own on their namespaces. What is foreign or unknown is left alone.",
          response: { 202: operationAnswer, ...errors },
        },
      },
      async (request, reply) => {
        const caller = await request.caller();
        if (!caller.platform) throw forbidden("reconcile");
        const asked = { operation: uuid7(), by: caller.subject };
        await sweeps.ask(asked, sweeper.workflowId);
        await sweeper.sweep(asked);
        const sweep = await sweeps.get(asked.operation);
        if (sweep === undefined)
          throw new PrismError("INTERNAL", "the sweep is not known after it was asked for");
        reply.header("location", `/api/v1/operations/${asked.operation}`);
        return reply.status(202).send(await view(sweepRow(sweep)));
      },
    );
  };

const shown = ({ id: _, seenAt, settledAt, ...rest }: SeenFinding) => ({
  ...rest,
  settled: settledAt !== null,
  seen_at: seenAt.toISOString(),
});

const about = ({ id, state, requestedBy, startedAt, endedAt, unseen }: Sweep) => ({
  id,
  state,
  requested_by: requestedBy,
  started_at: startedAt?.toISOString() ?? null,
  ended_at: endedAt?.toISOString() ?? null,
  unseen: unseen as Readonly<Record<string, string>>,
});

const forbidden = (what: string): PrismError =>
  new PrismError("FORBIDDEN", `Only the platform team may ${what}`, {
    details: { recommendation: "Ask a member of the platform team" },
  });
