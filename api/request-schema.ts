import { validatorCompiler } from "fastify-type-provider-zod";
import { z } from "zod";
import { clientApis } from "../domain/plan.ts";

/** For the description only: what the request's own reader takes is in `docs/examples`. */
export const requestBody = z
  .looseObject({
    namespace: z.string().max(64),
    team: z.string(),
    client_api: z.enum(clientApis),
    needs: z.looseObject({}),
    access: z.looseObject({}),
    policies: z.looseObject({}).optional(),
  })
  .describe("RFC-027's namespace request, as JSON or YAML");

export const patchBody = z
  .looseObject({
    needs: z.looseObject({}).optional(),
    access: z.looseObject({}).optional(),
    policies: z.looseObject({}).optional(),
  })
  .describe("A merge patch (RFC 7396) on the namespace's request, as JSON or YAML");

/** The domain reads the body itself: it answers all violations at once, each with its cure. */
export const acceptsAnyBody = (part: { readonly httpPart?: string | undefined }) =>
  part.httpPart === "body" ? (value: unknown) => ({ value }) : validatorCompiler(part as never);
