import type { FastifyReply } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { OperationRow } from "../domain/projections/operations.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import { type CreateDependencies, requestNamespace } from "./create-namespace.ts";
import { type LookupDependencies, lookup } from "./lookup.ts";
import type { StartedOperation } from "./operation-starter.ts";
import { decisionOf } from "./outcome.ts";
import { requestDocument } from "./request-body.ts";
import { acceptsAnyBody, requestBody } from "./request-schema.ts";
import { sightOf } from "./rights.ts";
import { errors, namespaceAnswer } from "./schemas.ts";

export type CreateRoute = CreateDependencies &
  LookupDependencies & { readonly operations: ProjectionReader<OperationRow> };

const longestWaitSeconds = 60;

export const createRoute =
  (deps: CreateRoute): FastifyPluginAsyncZod =>
  async (server) => {
    const { view } = lookup(deps);

    /** Answers once what the caller waits for is visible to them, or when their patience ends. */
    const answer = async (caller: Caller, started: StartedOperation, waitMs: number, reply: FastifyReply) => {
      reply.header("location", `/api/v1/operations/${started.operation}`);
      if (waitMs > 0) await untilDecided(started, AbortSignal.timeout(waitMs));
      const row = await deps.namespaces.get(started.namespace);
      // A later operation may have it, or another team the name.
      const theirs = row?.operation.id === started.operation && sightOf(caller, row) === "all";
      if (!theirs) return reply.status(202).send(beginning(started));
      reply.header("etag", `"${row.version}"`);
      return reply.status(waitMs > 0 && row.status === "active" ? 201 : 202).send(await view(row, "all"));
    };

    const untilDecided = async (started: StartedOperation, patience: AbortSignal) => {
      const decision = await decisionOf(deps.store, started, patience);
      if (decision?.failure !== undefined) throw decision.failure;
      if (decision === undefined) return;
      await deps.namespaces.waitFor(decision.position, patience);
      await deps.operations.waitFor(decision.position, patience);
    };

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
        const {
          prefer,
          "idempotency-key": key,
          "content-type": type,
        } = request.headers as Record<string, string>;
        const document = requestDocument(request.body, type);
        const started = await requestNamespace(deps, caller, document, key);
        return answer(caller, started, patienceMsOf(prefer), reply);
      },
    );
  };

/** Accepted, and not begun by a worker yet. */
export const beginning = (started: StartedOperation) => ({
  namespace: started.namespace,
  status: "provisioning",
  client_api: started.client_api,
  endpoints: [],
  team: started.team,
  operation: { id: started.operation, kind: started.kind, state: "pending" },
});

function patienceMsOf(prefer: string | undefined): number {
  const wait = /(?:^|[,;\s])wait\s*=\s*(\d{1,6})/.exec(prefer ?? "")?.[1];
  return Math.min(Number(wait ?? 0), longestWaitSeconds) * 1000;
}
