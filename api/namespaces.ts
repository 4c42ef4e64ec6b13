import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { clientApis } from "../domain/plan.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import { beginning } from "./answering.ts";
import { positionOf } from "./as-of.ts";
import { type LookupDependencies, lookup } from "./lookup.ts";
import type { OperationStarter } from "./operation-starter.ts";
import { recordedPlan } from "./recorded-plan.ts";
import { sightOf } from "./rights.ts";
import * as answers from "./schemas.ts";
import { endpointsView, namespaceView } from "./views.ts";

export type NamespaceRoutes = LookupDependencies & {
  readonly store: EventStore;
  readonly starter: OperationStarter;
};

const tags = ["namespaces"];
const params = z.object({ ns: z.string() });
const past = z.object({ as_of: z.string().optional() });
const statuses = [
  "provisioning",
  "awaiting_approval",
  "active",
  "degraded",
  "deleting",
  "deleted",
  "failed",
  "rejected",
] as const;

/** A route parses, asks, and answers. It decides nothing: the domain does. */
export const namespaceRoutes =
  (deps: NamespaceRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    const { seen, owned, view } = lookup(deps);

    server.get(
      "/namespaces",
      {
        schema: {
          tags,
          summary: "List what you may see",
          querystring: answers.page.extend({
            team: z.string().optional(),
            status: z.enum(statuses).optional(),
            client_api: z.enum(clientApis).optional(),
            ...past.shape,
          }),
          response: { 200: answers.listOf(answers.namespaceAnswer), ...answers.errors },
        },
      },
      async (request) => {
        const caller = await request.caller();
        const { limit, cursor, team, status, client_api, as_of } = request.query;
        const asOf = await positionOf(deps.store, as_of);
        const { items, next } = await deps.namespaces.list({
          where: { team, status, client_api },
          filter: (row) =>
            sightOf(caller, row) !== "nothing" && (row.status !== "deleted" || status === "deleted"),
          after: cursor,
          limit,
          asOf,
        });
        const live = asOf === undefined ? await deps.leases.live() : undefined;
        const names = items.map(({ key }) => key);
        const sizes = asOf === undefined ? await deps.dataSizes.of(names) : [];
        const sizeOf = new Map(sizes.map((size) => [size.namespace, size]));
        const views = items.map(({ key, row }) =>
          namespaceView(row, sightOf(caller, row) === "all" ? "all" : "basics", live, sizeOf.get(key)),
        );
        return { items: views, next_cursor: next };
      },
    );

    server.get(
      "/namespaces/:ns",
      {
        schema: {
          tags,
          summary: "One namespace",
          params,
          querystring: past,
          response: shown(answers.namespaceAnswer),
        },
      },
      async (request, reply) => {
        const caller = await request.caller();
        const asOf = await positionOf(deps.store, request.query.as_of);
        const { ns } = request.params;
        if (asOf === undefined && (await deps.namespaces.get(ns)) === undefined) {
          const started = await deps.starter.notBegun({ namespace: ns });
          const theirs = started !== undefined && (caller.platform || caller.teams.includes(started.team));
          if (theirs) return beginning(started);
        }
        const { row, sight } = await seen(caller, ns, asOf);
        reply.header("etag", `"${row.version}"`);
        return view(row, sight, asOf);
      },
    );

    server.get(
      "/namespaces/:ns/access",
      {
        schema: {
          tags,
          summary: "Who may use it",
          params,
          querystring: past,
          response: shown(answers.accessAnswer),
        },
      },
      async (request) => {
        const asOf = await positionOf(deps.store, request.query.as_of);
        return (await owned(await request.caller(), request.params.ns, asOf)).request.access;
      },
    );

    server.get(
      "/namespaces/:ns/plan",
      {
        schema: {
          tags,
          summary: "What was built, and why",
          params,
          querystring: past,
          response: shown(answers.planAnswer),
        },
      },
      async (request) => {
        const asOf = await positionOf(deps.store, request.query.as_of);
        const row = await owned(await request.caller(), request.params.ns, asOf);
        return recordedPlan(deps.store, row);
      },
    );

    server.get(
      "/namespaces/:ns/endpoints",
      {
        schema: {
          tags,
          summary: "Where it is served",
          params,
          querystring: past,
          response: shown(answers.endpointsAnswer),
        },
      },
      async (request) => {
        const asOf = await positionOf(deps.store, request.query.as_of);
        const { row } = await seen(await request.caller(), request.params.ns, asOf);
        return endpointsView(row, asOf === undefined ? await deps.leases.live(row.shard ?? "") : undefined);
      },
    );
  };

const shown = <Answer extends z.ZodType>(answer: Answer) => ({ 200: answer, ...answers.errors });
