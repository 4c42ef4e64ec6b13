import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { PrismError } from "../domain/errors.ts";
import { hasEnded } from "../domain/namespace/refusals.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import type { Caller } from "../runtime/auth.ts";
import { findOperation, mayIntervene } from "./find-operation.ts";
import { type InterveneDependencies, intervene, type Word } from "./intervene.ts";
import { type OperationRoutes, operationParams, operationViews } from "./operations.ts";
import { parsedBody } from "./parsed-body.ts";
import { acceptsAnyBody } from "./request-schema.ts";
import { errors, operationAnswer } from "./schemas.ts";
import { isSweep } from "./sweep-operation.ts";
import { hasBegun } from "./unbegun.ts";

export type InterventionRoutes = OperationRoutes & InterveneDependencies;

const tags = ["operations"];
const response = { 200: operationAnswer, ...errors };
const planHash = z.string().min(1).max(200).describe("Of the plan that was looked at");
const approval = z.strictObject({ plan_hash: planHash, comment: z.string().max(1000).optional() });
const rejection = z.strictObject({ plan_hash: planHash, reason: z.string().min(1).max(1000) });

const simple = {
  cancel: "Cancel an operation: before its point of no return everything is undone",
  retry: "Try the step again at which an operation is parked",
  abandon: "Give up a parked operation: everything is undone",
} as const;

/** What people tell operations; answers the operation once their word counts. */
export const interventionRoutes =
  (deps: InterventionRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    const view = operationViews(deps);

    const told = async (row: OperationRow, word: Omit<Word, "namespace">) => {
      if (isSweep(row)) throw onlyLooks();
      // Refused where it was to begin: its stream, on which words are judged, knows nothing of it.
      if (row.ended_at !== null && !(await hasBegun(deps.store, row.namespace, row.id)))
        throw hasEnded(row.id);
      const position = await intervene(deps, { ...word, namespace: row.namespace } as Word);
      await deps.operations.waitFor(position, AbortSignal.timeout(10_000));
      return view((await deps.operations.get(row.id)) ?? row);
    };

    for (const verb of ["cancel", "retry", "abandon"] as const) {
      server.post(
        `/operations/:id/${verb}`,
        { schema: { tags, summary: simple[verb], params: operationParams, response } },
        async (request) => {
          const caller = await request.caller();
          const row = await findOperation(deps, caller, request.params.id);
          if (!mayIntervene(caller, row)) throw notTheirs(row);
          return told(row, { verb, told: { operation: row.id, by: caller.subject } });
        },
      );
    }

    server.post(
      "/operations/:id/approve",
      {
        schema: {
          tags,
          summary: "Approve the plan that waits, by its hash (platform)",
          params: operationParams,
          body: approval,
          response,
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request) => {
        const { caller, row } = await judged(request.caller(), request.params.id);
        const { comment, ...plan } = parsedBody(approval, request);
        const who = { operation: row.id, by: caller.subject };
        return told(row, {
          verb: "approve",
          told: { ...who, ...plan, ...(comment === undefined ? {} : { comment }) },
        });
      },
    );

    server.post(
      "/operations/:id/reject",
      {
        schema: {
          tags,
          summary: "Reject the plan that waits, by its hash (platform)",
          params: operationParams,
          body: rejection,
          response,
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request) => {
        const { caller, row } = await judged(request.caller(), request.params.id);
        const plan = parsedBody(rejection, request);
        return told(row, { verb: "reject", told: { operation: row.id, by: caller.subject, ...plan } });
      },
    );

    const judged = async (calling: Promise<Caller>, id: string) => {
      const caller = await calling;
      const row = await findOperation(deps, caller, id);
      if (caller.platform) return { caller, row };
      throw new PrismError("FORBIDDEN", "Only the platform team decides on plans", {
        details: { field: "id", recommendation: "Ask a member of the platform team" },
      });
    };
  };

const onlyLooks = (): PrismError =>
  new PrismError("TOO_LATE", "A sweep only looks: there is nothing to cancel or decide", {
    details: {
      field: "id",
      recommendation: "Tell the repairs that it began: they are operations of their own",
    },
  });

const notTheirs = ({ namespace }: OperationRow): PrismError =>
  new PrismError("FORBIDDEN", `Only owners of '${namespace}' may tell its operations what to do`, {
    details: { field: "id", recommendation: "Ask a member of the owning team, or the platform team" },
  });
