import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Json } from "../domain/json.ts";
import { mergePatch } from "../domain/namespace/merge-patch.ts";
import { isFree, teamsOf } from "../domain/namespace/namespace.ts";
import { addressee, examine } from "../domain/request/examine.ts";
import { teamView } from "../domain/team/team.ts";
import type { Caller } from "../runtime/auth.ts";
import { ownedNow } from "./change-namespace.ts";
import type { CreateDependencies } from "./create-namespace.ts";
import { factsAbout } from "./facts.ts";
import { previewAnswer } from "./preview-schema.ts";
import { type Known, previewUpdate } from "./preview-update.ts";
import { readNamespace } from "./read-namespace.ts";
import { documentOf } from "./request-body.ts";
import { acceptsAnyBody, requestBody } from "./request-schema.ts";
import { errors } from "./schemas.ts";

export type PlanRoutes = CreateDependencies;

/** What would be built, and why; changes nothing, and needs no free name. */
export const planRoutes =
  (deps: PlanRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    server.post(
      "/plans",
      {
        schema: {
          tags: ["namespaces"],
          summary: "Preview a plan",
          description:
            "Answers 200 also where the request would be refused: then with the violations and no plan. " +
            "Of a namespace that is there and the caller's, it is an update that is previewed: the request is what it " +
            "is to be, or with `namespace` a merge patch on what it is.",
          querystring: z.object({ namespace: z.string().max(200).optional() }),
          body: requestBody,
          response: { 200: previewAnswer, ...errors },
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request) => {
        const caller = await request.caller();
        const document = documentOf(request);
        const { namespace } = request.query;
        if (namespace !== undefined) {
          const known = await ownedNow(deps, caller, namespace);
          return previewUpdate(deps, caller, known, mergePatch(known.current as unknown as Json, document));
        }
        const known = await ownOf(deps, caller, document);
        return known === undefined
          ? preview(deps, caller, document)
          : previewUpdate(deps, caller, known, document);
      },
    );
  };

/** The namespace that a request names, where it is there and the caller's; to others a name is just a name. */
async function ownOf(deps: PlanRoutes, caller: Caller, document: Json): Promise<Known | undefined> {
  const { namespace } = addressee(document);
  if (namespace === undefined) return undefined;
  const { state } = await readNamespace(deps.store, namespace);
  const { request: current } = state;
  if (current === undefined || isFree(state)) return undefined;
  const owns = caller.platform || teamsOf(current).some((team) => caller.teams.includes(team));
  return owns ? { state, current } : undefined;
}

async function preview({ teams, inventory }: PlanRoutes, caller: Caller, document: Json) {
  const { team } = addressee(document);
  const facts = await factsAbout(teams, caller, team, document);
  const examination = examine(document, { ...facts.known, inventory });
  const quota = facts.team === undefined ? null : teamView(facts.team);
  if (!examination.accepted) {
    const { violations, mayKnow } = examination;
    return {
      plan: null,
      trace: null,
      hash: null,
      approval_required: false,
      approval: [],
      quota: mayKnow ? quota : null,
      warnings: [],
      update: null,
      violations,
    };
  }
  const { plan, trace, hash, warnings, approval } = examination.selection;
  const required = approval.length > 0;
  return {
    plan,
    trace,
    hash,
    approval_required: required,
    approval,
    quota,
    warnings,
    update: null,
    violations: [],
  };
}
