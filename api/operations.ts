import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { OperationRow } from "../domain/projections/operations.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import { answerStream } from "./event-stream.ts";
import type { CheckAfter } from "./expected-duration.ts";
import { type FindDependencies, findOperation, maySee } from "./find-operation.ts";
import { operationEvents } from "./operation-events.ts";
import { errors, eventStream, listOf, operationAnswer, page, position } from "./schemas.ts";
import { isSweep, sweepEvents } from "./sweep-operation.ts";
import { operationView } from "./views.ts";

export type OperationRoutes = FindDependencies & {
  readonly store: EventStore;
  readonly checkAfter: CheckAfter;
  /** For links into the Temporal UI. */
  readonly temporal: { readonly uiUrl: string; readonly namespace: string };
};

const tags = ["operations"];
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

export const operationParams = z.object({ id: z.string().max(100) });

export const operationRoutes =
  (deps: OperationRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    const { operations, sweeps } = deps;
    const view = operationViews(deps);
    const events = (row: OperationRow, after: bigint, signal: AbortSignal) =>
      isSweep(row) ? sweepEvents(sweeps, row.id, signal) : operationEvents(deps, row, after, signal);

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
          filter: (row) => maySee(caller, row),
          after: cursor,
          limit,
        });
        return { items: await Promise.all(items.map(({ row }) => view(row))), next_cursor: next };
      },
    );

    server.get(
      "/operations/:id",
      {
        schema: {
          tags,
          summary: "One operation, with its steps",
          params: operationParams,
          response: { 200: operationAnswer, ...errors },
        },
      },
      async (request) => view(await findOperation(deps, await request.caller(), request.params.id)),
    );

    server.get(
      "/operations/:id/events",
      {
        exposeHeadRoute: false,
        schema: {
          tags,
          summary: "Watch an operation (server-sent)",
          description:
            "Its steps as they change, from the beginning or after `Last-Event-ID`; ends with the operation.",
          params: operationParams,
          headers: z.object({ "last-event-id": position }),
          querystring: z.object({
            after: position.describe("As Last-Event-ID, for those who cannot send it"),
          }),
          response: { 200: eventStream, ...errors },
        },
      },
      async (request, reply) => {
        const caller = await request.caller();
        const row = await findOperation(deps, caller, request.params.id);
        const after = BigInt(request.headers["last-event-id"] ?? request.query.after ?? "0");
        await answerStream(request, reply, caller, (signal) => events(row, after, signal));
      },
    );
  };

/** Operations as the API shows them. */
export const operationViews =
  ({ checkAfter, temporal }: Pick<OperationRoutes, "checkAfter" | "temporal">) =>
  async (row: OperationRow) =>
    operationView(row, await checkAfter(row), temporal);
