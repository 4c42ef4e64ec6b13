import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type { Registry } from "prom-client";
import { patternTypes } from "../domain/plan.ts";
import { enforcedPatterns } from "../domain/selection/enforced.ts";
import { type Check, readiness } from "../runtime/readiness.ts";

/** Health, readiness, metrics and the API's own description; nobody signs in for these. */
export const operatorRoutes =
  ({
    checks,
    metrics,
  }: {
    checks: Readonly<Record<string, Check>>;
    metrics: Registry;
  }): FastifyPluginAsyncZod =>
  async (server) => {
    const schema = { tags: ["operator"], security: [] };
    server.get("/healthz", { schema: { ...schema, summary: "The process lives" } }, async () => ({
      status: "ok",
    }));
    server.get(
      "/readyz",
      { schema: { ...schema, summary: "Its dependencies answer" } },
      async (_request, reply) => {
        const state = await readiness(checks);
        const notEnforcedYet = patternTypes.filter((type) => !enforcedPatterns.has(type));
        return reply.status(state.ready ? 200 : 503).send({ ...state, not_enforced_yet: notEnforcedYet });
      },
    );
    server.get("/metrics", { schema: { ...schema, summary: "Prometheus" } }, async (_request, reply) =>
      reply.type(metrics.contentType).send(await metrics.metrics()),
    );
    server.get("/openapi.json", { schema: { hide: true } }, async () => server.swagger());
  };
