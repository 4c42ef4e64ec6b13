import type { FastifyInstance, HTTPMethods } from "fastify";
import { PrismError } from "../domain/errors.ts";

/** What `api.md` promises and this build cannot do yet: it refuses, and says so. */
const unbuilt: readonly (readonly [HTTPMethods, string, string])[] = [
  ["POST", "/namespaces/:ns/try/:verb", "trying the data plane through the API"],
];

export async function unbuiltRoutes(server: FastifyInstance): Promise<void> {
  for (const [method, url, what] of unbuilt) {
    server.route({
      method,
      url,
      schema: { hide: true },
      handler: async (request) => {
        await request.caller();
        throw new PrismError("UNIMPLEMENTED", `This build does not do this yet: ${what}`, {
          details: { missing: what },
        });
      },
    });
  }
}
