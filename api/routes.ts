import type { FastifyPluginAsync } from "fastify";
import { auditRoutes } from "./audit.ts";
import { type AuditingDependencies, auditing } from "./auditing.ts";
import { type BackendRoutes, backendRoutes } from "./backends.ts";
import { type ChangeRoutes, changeRoutes } from "./change-routes.ts";
import { type CreateRoute, createRoute } from "./create-route.ts";
import { type DriftRoutes, driftRoutes } from "./drift.ts";
import { type EventRoutes, eventRoutes } from "./events.ts";
import { type HistoryRoutes, historyRoutes } from "./history.ts";
import { type InterventionRoutes, interventionRoutes } from "./intervention-routes.ts";
import { type NamespaceRoutes, namespaceRoutes } from "./namespaces.ts";
import { type OperationRoutes, operationRoutes } from "./operations.ts";
import { type PlanRoutes, planRoutes } from "./plans.ts";
import { type ProxyRoutes, proxyRoutes } from "./proxies.ts";
import { type ShardRoutes, shardRoutes } from "./shards.ts";
import { type TeamRoutes, teamRoutes } from "./teams.ts";
import { unbuiltRoutes } from "./unbuilt.ts";
import { type VerifyRoute, verifyRoute } from "./verify-route.ts";

export type ApiDependencies = Parameters<typeof auditRoutes>[0] &
  AuditingDependencies &
  BackendRoutes &
  ChangeRoutes &
  CreateRoute &
  DriftRoutes &
  EventRoutes &
  HistoryRoutes &
  InterventionRoutes &
  NamespaceRoutes &
  OperationRoutes &
  PlanRoutes &
  ProxyRoutes &
  ShardRoutes &
  TeamRoutes &
  VerifyRoute;

/** Everything under `/api/v1`: what the process serves, and what tests take for the list of routes. */
export const apiRoutes =
  (deps: ApiDependencies): FastifyPluginAsync =>
  async (server) => {
    const prefix = "/api/v1";
    auditing(server, deps);
    // First of all: who is not signed in learns nothing, not even what is wrong with their question.
    server.addHook("onRequest", async (request, reply) => {
      await request.caller();
      // Before anything is said about a body: there is nothing that would take it.
      if (request.is404) server.answerUnknown(request, reply);
    });
    await server.register(createRoute(deps), { prefix });
    await server.register(changeRoutes(deps), { prefix });
    await server.register(namespaceRoutes(deps), { prefix });
    await server.register(operationRoutes(deps), { prefix });
    await server.register(interventionRoutes(deps), { prefix });
    await server.register(historyRoutes(deps), { prefix });
    await server.register(eventRoutes(deps), { prefix });
    await server.register(planRoutes(deps), { prefix });
    await server.register(teamRoutes(deps), { prefix });
    await server.register(auditRoutes(deps), { prefix });
    await server.register(verifyRoute(deps), { prefix });
    await server.register(proxyRoutes(deps), { prefix });
    await server.register(shardRoutes(deps), { prefix });
    await server.register(backendRoutes(deps), { prefix });
    await server.register(driftRoutes(deps), { prefix });
    await server.register(unbuiltRoutes, { prefix });
    await server.register(async (within) => void within.setNotFoundHandler(server.answerUnknown), { prefix });
  };
