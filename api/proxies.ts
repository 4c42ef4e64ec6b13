import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Leases } from "../control/leases.ts";
import { PrismError } from "../domain/errors.ts";
import { errors, listOf } from "./schemas.ts";

const proxyAnswer = z.object({
  proxy: z.string(),
  shard: z.string(),
  address: z.string(),
  region: z.string(),
  lease_until: z.string(),
  applied_version: z.string(),
  load: z.number(),
  health: z.string(),
  refused: z.record(z.string(), z.string()).readonly(),
});

/** The proxies that live, and what they have in force. */
export const proxyRoutes =
  ({ leases }: { readonly leases: Leases }): FastifyPluginAsyncZod =>
  async (server) => {
    server.get(
      "/proxies",
      {
        schema: {
          tags: ["operator"],
          summary: "The live proxies (platform and audit)",
          response: { 200: listOf(proxyAnswer), ...errors },
        },
      },
      async (request) => {
        const caller = await request.caller();
        if (!caller.platform && !caller.audit) {
          throw new PrismError("FORBIDDEN", "Only the platform team and auditors see the proxies", {
            details: { recommendation: "GET /namespaces/{ns}/endpoints tells where a namespace is served" },
          });
        }
        const live = await leases.live();
        const items = live.map(({ leaseUntil, appliedVersion, healthy, ...proxy }) => ({
          ...proxy,
          lease_until: leaseUntil.toISOString(),
          applied_version: String(appliedVersion),
          health: healthy ? "healthy" : "unhealthy",
        }));
        return { items, next_cursor: null };
      },
    );
  };
