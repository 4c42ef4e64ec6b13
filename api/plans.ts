import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type { Json } from "../domain/json.ts";
import { addressee, examine } from "../domain/request/examine.ts";
import { teamView } from "../domain/team/team.ts";
import type { Caller } from "../runtime/auth.ts";
import type { CreateDependencies } from "./create-namespace.ts";
import { factsAbout } from "./facts.ts";
import { requestDocument } from "./request-body.ts";
import { acceptsAnyBody, requestBody } from "./request-schema.ts";
import { errors, previewAnswer } from "./schemas.ts";

export type PlanRoutes = Pick<CreateDependencies, "teams" | "inventory">;

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
            "Answers 200 also where the request would be refused: then with the violations and no plan.",
          body: requestBody,
          response: { 200: previewAnswer, ...errors },
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request) => {
        const caller = await request.caller();
        return preview(deps, caller, requestDocument(request.body, request.headers["content-type"]));
      },
    );
  };

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
      violations,
    };
  }
  const { plan, trace, hash, warnings, approval } = examination.selection;
  const required = approval.length > 0;
  return { plan, trace, hash, approval_required: required, approval, quota, warnings, violations: [] };
}
