import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { v7 as uuid7 } from "uuid";
import { z } from "zod";
import type { KnownProxy, Leases, ProxyLease } from "../control/leases.ts";
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
    .describe(
      "live; draining: it takes nothing new; drained: nothing is under way there any more; silent: its lease has run out, and it may serve on what it last heard; evicted",
    ),
  lease_until: z.string(),
  applied_version: z.string(),
  load: z.number(),
  health: z.string(),
  under_way: z.number().nullable().describe("While it drains: calls and leaderships that are not over"),
  refused: z.record(z.string(), z.string()).readonly(),
});

const word = z.strictObject({ reason: z.string().min(1).max(500).describe("How you know") });

export type ProxyRoutes = { readonly leases: Leases; readonly shards: Shards };

const tags = ["operator"];
const params = z.object({ proxy: z.string().max(200) });
const drains = [
  [
    "drain",
    "Have a proxy take nothing new, and have done with what is under way (platform)",
    "Discovery names it no more, its streams end, another proxy leads what it led. It is `drained` when nothing is left, and stays so over restarts until it is resumed.",
  ],
  ["resume", "Take a drained proxy into use again (platform)", "Discovery names it again at once."],
] as const;

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

    for (const [verb, summary, description] of drains) {
      server.post(
        `/proxies/:proxy/${verb}`,
        {
          schema: { tags, summary, description, params, response: { 200: proxyAnswer, ...errors } },
        },
        async (request) => {
          const caller = await request.caller();
          mustBePlatform(caller, "drains proxies");
          const { proxy: name } = request.params;
          const before = known(await leases.known(), name);
          const draining = verb === "drain";
          const outcome = await leases.drain(name, draining);
          if (outcome === "last") throw last(before);
          if (outcome === "changed") {
            const command = { type: draining ? "DrainProxy" : "ResumeProxy", proxy: name } as const;
            await shards.decide({ shard: before.shard, command, operation: uuid7(), actor: caller.subject });
          }
          return view(known(await leases.known(), name));
        },
      );
    }

    server.post(
      "/proxies/:proxy/evict",
      {
        schema: {
          tags,
          summary: "Give your word that a silent proxy is dead: nobody waits for it any longer (platform)",
          description:
            "A proxy that is cut off may serve on what it last heard, and holds up whatever takes rights away for a namespace's stale limit. Only somebody who has seen that it is gone may say so.",
          params,
          body: word,
          response: { 200: proxyAnswer, ...errors },
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request) => {
        const caller = await request.caller();
        mustBePlatform(caller, "says that a proxy is dead");
        const { reason } = parsedBody(word, request);
        const proxy = known(await leases.known(), request.params.proxy);
        // It may have come back just now; only the row knows.
        if (!(await leases.evict(proxy.proxy))) throw alive(proxy);
        if (proxy.state !== "evicted") {
          const command = { type: "EvictProxy", proxy: proxy.proxy, reason } as const;
          await shards.decide({ shard: proxy.shard, command, operation: uuid7(), actor: caller.subject });
        }
        return view({ ...proxy, state: "evicted" });
      },
    );
  };

function known(all: readonly KnownProxy[], name: string): KnownProxy {
  const proxy = all.find((one) => one.proxy === name);
  if (proxy !== undefined) return proxy;
  throw new PrismError("NOT_FOUND", `No proxy '${name}' was heard of within a day`, {
    details: { field: "proxy", recommendation: "GET /proxies lists those there are" },
  });
}

/** The last one in use is not drained: nobody would serve its namespaces. */
const last = ({ proxy, shard }: KnownProxy) =>
  new PrismError("INVALID_CONFIGURATION", `'${proxy}' is the only proxy of '${shard}' in use`, {
    details: { field: "proxy", recommendation: `Start another proxy of '${shard}' first` },
  });

/** One that was heard within its lease lives, whatever somebody believes. */
const alive = ({ proxy }: KnownProxy) =>
  new PrismError("INVALID_CONFIGURATION", `Proxy '${proxy}' lives: it has just renewed its lease`, {
    details: { field: "proxy", recommendation: "Stop it; one that is stopped says goodbye by itself" },
  });

const view = ({ proxy, shard, address, region, state, leaseUntil, ...rest }: KnownProxy) => ({
  ...{ proxy, shard, address, region, state: standing(state, rest) },
  lease_until: leaseUntil.toISOString(),
  applied_version: String(rest.appliedVersion),
  load: rest.load,
  health: rest.healthy ? "healthy" : "unhealthy",
  under_way: rest.draining ? rest.underWay : null,
  refused: rest.refused,
});

function standing(
  state: KnownProxy["state"],
  { draining, underWay }: Pick<ProxyLease, "draining" | "underWay">,
) {
  if (state !== "live" || !draining) return state;
  return underWay === 0 ? "drained" : "draining";
}
