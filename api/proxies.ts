import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { v7 as uuid7 } from "uuid";
import { z } from "zod";
import type { KnownProxy, Leases } from "../control/leases.ts";
import type { Shards } from "../control/shards.ts";
import { PrismError } from "../domain/errors.ts";
import { parsedBody } from "./parsed-body.ts";
import { mustBePlatform, mustSeeThePlatform } from "./platform.ts";
import { acceptsAnyBody } from "./request-schema.ts";
import { errors, listOf } from "./schemas.ts";

const proxyAnswer = z.object({
  proxy: z.string(),
  shard: z.string(),
  address: z.string(),
  region: z.string(),
  state: z
    .string()
    .describe("live; silent: its lease has run out, and it may serve on what it last heard; evicted"),
  lease_until: z.string(),
  applied_version: z.string(),
  load: z.number(),
  health: z.string(),
  refused: z.record(z.string(), z.string()).readonly(),
});

const word = z.strictObject({ reason: z.string().min(1).max(500).describe("How you know") });

export type ProxyRoutes = { readonly leases: Leases; readonly shards: Shards };

const tags = ["operator"];

/** The proxies there are, and what they have in force. */
export const proxyRoutes =
  ({ leases, shards }: ProxyRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    server.get(
      "/proxies",
      {
        schema: {
          tags,
          summary: "The proxies, live and silent (platform and audit)",
          response: { 200: listOf(proxyAnswer), ...errors },
        },
      },
      async (request) => {
        mustSeeThePlatform(await request.caller(), "the proxies");
        return { items: (await leases.known()).map(view), next_cursor: null };
      },
    );

    server.post(
      "/proxies/:proxy/evict",
      {
        schema: {
          tags,
          summary: "Give your word that a silent proxy is dead: nobody waits for it any longer (platform)",
          description:
            "A proxy that is cut off may serve on what it last heard, and holds up whatever takes rights away for a namespace's stale limit. Only somebody who has seen that it is gone may say so.",
          params: z.object({ proxy: z.string().max(200) }),
          body: word,
          response: { 200: proxyAnswer, ...errors },
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request) => {
        const caller = await request.caller();
        mustBePlatform(caller, "says that a proxy is dead");
        const { reason } = parsedBody(word, request);
        const proxy = evictable(await leases.known(), request.params.proxy);
        const command = { type: "EvictProxy", proxy: proxy.proxy, reason } as const;
        if (proxy.state !== "evicted") {
          await shards.decide({ shard: proxy.shard, command, operation: uuid7(), actor: caller.subject });
          await leases.evict(proxy.proxy);
        }
        return view({ ...proxy, state: "evicted" });
      },
    );
  };

/** One that was heard within its lease lives, whatever somebody believes. */
function evictable(known: readonly KnownProxy[], name: string): KnownProxy {
  const proxy = known.find((one) => one.proxy === name);
  if (proxy === undefined) {
    throw new PrismError("NOT_FOUND", `No proxy '${name}' was heard of within a day`, {
      details: { field: "proxy", recommendation: "GET /proxies lists those there are" },
    });
  }
  if (proxy.state !== "live") return proxy;
  throw new PrismError("INVALID_CONFIGURATION", `Proxy '${name}' lives: it has just renewed its lease`, {
    details: { field: "proxy", recommendation: "Stop it; one that is stopped says goodbye by itself" },
  });
}

const view = ({ proxy, shard, address, region, state, leaseUntil, ...rest }: KnownProxy) => ({
  ...{ proxy, shard, address, region, state },
  lease_until: leaseUntil.toISOString(),
  applied_version: String(rest.appliedVersion),
  load: rest.load,
  health: rest.healthy ? "healthy" : "unhealthy",
  refused: rest.refused,
});
