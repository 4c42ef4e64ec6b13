import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Shards } from "../control/shards.ts";
import { PrismError } from "../domain/errors.ts";
import { type AnsweringDependencies, answering } from "./answering.ts";
import { requestDeletion, requestMove, requestRewind, requestUpdate } from "./change-namespace.ts";
import type { CreateDependencies } from "./create-namespace.ts";
import { lookup } from "./lookup.ts";
import { parsedBody } from "./parsed-body.ts";
import { documentOf } from "./request-body.ts";
import { acceptsAnyBody, patchBody } from "./request-schema.ts";
import { errors, namespaceAnswer } from "./schemas.ts";

export type ChangeRoutes = CreateDependencies &
  AnsweringDependencies & { readonly shards: Pick<Shards, "all"> };

const destination = z.strictObject({
  shard: z.string().max(64).optional().describe("Default: the best other one that takes it"),
});

const tags = ["namespaces"];
const params = z.object({ ns: z.string().max(200) });
const headers = z.object({ prefer: z.string().optional(), "idempotency-key": z.string().optional() });
const conditional = headers.extend({
  "if-match": z.string().optional().describe("The ETag; where the namespace has another version: 412"),
});
type Headers = Readonly<Record<string, string | undefined>>;

// One that was degraded for another reason stays so.
export const inUse = { statuses: ["active", "degraded"], code: 200 } as const;

/** What becomes of a namespace that is there. */
export const changeRoutes =
  (deps: ChangeRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    const answer = answering(deps);
    const { seen, view } = lookup(deps);

    server.patch(
      "/namespaces/:ns",
      {
        schema: {
          tags,
          summary: "Change what is asked for",
          description:
            "A merge patch (RFC 7396) on the request; lists are replaced. `If-Match` takes the ETag.",
          params,
          headers: conditional,
          body: patchBody,
          response: { 200: namespaceAnswer, 202: namespaceAnswer, ...errors },
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request, reply) => {
        const caller = await request.caller();
        const { ns: namespace } = request.params as { ns: string };
        const { prefer, "idempotency-key": idempotencyKey, "if-match": ifMatch } = request.headers as Headers;
        const patch = documentOf(request);
        const asking = { caller, namespace, idempotencyKey };
        const started = await requestUpdate(deps, asking, patch, versionIn(ifMatch));
        if (started !== undefined) return answer({ caller, started, prefer, done: inUse }, reply);
        const { row } = await seen(caller, namespace);
        reply.header("etag", `"${row.version}"`);
        return reply.status(200).send(await view(row, "all"));
      },
    );

    server.delete(
      "/namespaces/:ns",
      {
        schema: {
          tags,
          summary: "Delete a namespace, and all that it holds",
          params,
          headers: conditional,
          querystring: z.object({ confirm: z.string().max(200).optional().describe("The namespace's name") }),
          response: { 200: namespaceAnswer, 202: namespaceAnswer, ...errors },
        },
      },
      async (request, reply) => {
        const caller = await request.caller();
        const { prefer, "idempotency-key": idempotencyKey, "if-match": ifMatch } = request.headers as Headers;
        const asking = { caller, namespace: request.params.ns, idempotencyKey };
        const { confirm } = request.query;
        const started = await requestDeletion(deps, asking, confirm, versionIn(ifMatch));
        return answer({ caller, started, prefer, done: { statuses: ["deleted"], code: 200 } }, reply);
      },
    );

    server.post(
      "/namespaces/:ns/relay/rewind",
      {
        schema: {
          tags,
          summary: "Send the last hour of its log to the backend again",
          description:
            "For when a broker has lost what it had acknowledged. Who has seen a message is not shown it twice; the event `RelayRewound` says how many are sent.",
          params,
          headers,
          response: { 200: namespaceAnswer, 202: namespaceAnswer, ...errors },
        },
      },
      async (request, reply) => {
        const caller = await request.caller();
        const { prefer, "idempotency-key": idempotencyKey } = request.headers as Headers;
        const started = await requestRewind(deps, { caller, namespace: request.params.ns, idempotencyKey });
        return answer({ caller, started, prefer, done: inUse }, reply);
      },
    );

    server.post(
      "/namespaces/:ns/move",
      {
        schema: {
          tags,
          summary: "Have another shard serve it (platform)",
          description:
            "Both shards serve it until clients have followed; nothing that it holds is touched. The body may be left out. Until clients are told of the new shard it can be cancelled.",
          params,
          headers,
          body: destination,
          response: { 200: namespaceAnswer, 202: namespaceAnswer, ...errors },
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request, reply) => {
        const caller = await request.caller();
        const { ns: namespace } = request.params as { ns: string };
        const { prefer, "idempotency-key": idempotencyKey } = request.headers as Headers;
        const { shard } = parsedBody(destination, request);
        const started = await requestMove(deps, { caller, namespace, idempotencyKey }, shard);
        return answer({ caller, started, prefer, done: inUse }, reply);
      },
    );
  };

/** `"3"` as `ETag` has it; `*` and no header: whatever is there. */
function versionIn(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === "*") return undefined;
  const version = /^(?:W\/)?"?(\d{1,9})"?$/.exec(ifMatch.trim())?.[1];
  if (version !== undefined) return Number(version);
  throw new PrismError("INVALID_CONFIGURATION", "If-Match is no version of a namespace", {
    details: { field: "If-Match", recommendation: "Send the ETag of GET /namespaces/{ns}" },
  });
}
