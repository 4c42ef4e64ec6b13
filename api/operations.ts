import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { OperationRow } from "../domain/projections/operations.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import type { OperationStarter, StartedOperation } from "./operation-starter.ts";
import { operationNotFound } from "./rights.ts";
import { errors, listOf, operationAnswer, page } from "./schemas.ts";
import { operationView } from "./views.ts";

export type OperationRoutes = {
  readonly operations: ProjectionReader<OperationRow>;
  readonly starter: OperationStarter;
  /** For links into the Temporal UI. */
  readonly temporal: { readonly uiUrl: string; readonly namespace: string };
};

const states = [
  "pending",
  "running",
  "awaiting_approval",
  "waiting",
  "succeeded",
  "failed",
  "cancelled",
  "rejected",
] as const;

export const operationRoutes =
  ({ operations, starter, temporal }: OperationRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    const tags = ["operations"];
    const view = (row: OperationRow) => operationView(row, temporal.uiUrl, temporal.namespace);

    server.get(
      "/operations",
      {
        schema: {
          tags,
          summary: "List operations",
          querystring: page.extend({ namespace: z.string().optional(), state: z.enum(states).optional() }),
          response: { 200: listOf(operationAnswer), ...errors },
        },
      },
      async (request) => {
        const caller = await request.caller();
        const { limit, cursor, namespace, state } = request.query;
        const { items, next } = await operations.list({
          where: { namespace, state },
          filter: (row) => visible(caller, row),
          after: cursor,
          limit,
        });
        return { items: items.map(({ row }) => view(row)), next_cursor: next };
      },
    );

    server.get(
      "/operations/:id",
      {
        schema: {
          tags,
          summary: "One operation, with its steps",
          params: z.object({ id: z.string().max(100) }),
          response: { 200: operationAnswer, ...errors },
        },
      },
      async (request) => {
        const caller = await request.caller();
        const { id } = request.params;
        const row = (await operations.get(id)) ?? pendingRow(await starter.notBegun({ operation: id }));
        if (row === undefined || !visible(caller, row)) throw operationNotFound(id);
        return view(row);
      },
    );
  };

/** Operations are for those who see all of the namespace, and for who asked. */
const visible = (caller: Caller, row: OperationRow): boolean =>
  caller.platform ||
  caller.audit ||
  caller.subject === row.requested_by ||
  row.teams.some((team) => caller.teams.includes(team));

/** Started, but no worker has begun it: all that is known comes from Temporal. */
function pendingRow(started: StartedOperation | undefined): OperationRow | undefined {
  if (started === undefined) return undefined;
  return {
    id: started.operation,
    kind: started.kind,
    namespace: started.namespace,
    teams: [started.team],
    state: "pending",
    undoing: null,
    steps: [],
    plan_hash: null,
    approval: null,
    error: null,
    requested_by: started.actor,
    started_at: started.started_at,
    ended_at: null,
    workflow: started.workflow,
  };
}
