import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { type AnsweringDependencies, answering } from "./answering.ts";
import { type CreateDependencies, requestNamespace } from "./create-namespace.ts";
import { documentOf } from "./request-body.ts";
import { acceptsAnyBody, requestBody } from "./request-schema.ts";
import { errors, namespaceAnswer } from "./schemas.ts";

export type CreateRoute = CreateDependencies & AnsweringDependencies;

export const createRoute =
  (deps: CreateRoute): FastifyPluginAsyncZod =>
  async (server) => {
    const answer = answering(deps);

    server.post(
      "/namespaces",
      {
        schema: {
          tags: ["namespaces"],
          summary: "Ask for a namespace",
          description:
            "Say what is needed (RFC-027's form, JSON or YAML). `Prefer: wait=N` waits up to N seconds.",
          headers: z.object({ prefer: z.string().optional(), "idempotency-key": z.string().optional() }),
          body: requestBody,
          response: { 201: namespaceAnswer, 202: namespaceAnswer, ...errors },
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request, reply) => {
        const caller = await request.caller();
        const { prefer, "idempotency-key": key } = request.headers as Record<string, string>;
        const document = documentOf(request);
        const started = await requestNamespace(deps, caller, document, key);
        return answer({ caller, started, prefer, done: { statuses: ["active"], code: 201 } }, reply);
      },
    );
  };
