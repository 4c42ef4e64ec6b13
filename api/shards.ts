import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { v7 as uuid7 } from "uuid";
import { z } from "zod";
import type { Leases } from "../control/leases.ts";
import type { Shards } from "../control/shards.ts";
import type { Shard, ShardCommand } from "../domain/shard/shard.ts";
import type { Caller } from "../runtime/auth.ts";
import { parsedBody } from "./parsed-body.ts";
import { mustBePlatform, mustSeeThePlatform } from "./platform.ts";
import { acceptsAnyBody } from "./request-schema.ts";
import { errors, listOf } from "./schemas.ts";

const shardAnswer = z
  .object({
    shard: z.string(),
    weight: z.number(),
    dedicated: z.boolean(),
    state: z.string().describe("open; draining: no namespace is placed there any more"),
    holder: z.string().nullable().describe("Of a dedicated one: the namespace that it was last given to"),
    proxies: z.array(z.string()).readonly().describe("Those that live"),
  })
  .describe("A group of proxies that serve the same namespaces");

const wish = z.strictObject({
  weight: z.number().min(0.01).max(1000).optional(),
  dedicated: z.boolean().optional().describe("For one namespace alone, above 100,000 requests a second"),
});

export type ShardRoutes = { readonly shards: Shards; readonly leases: Pick<Leases, "live"> };

const tags = ["operator"];
const params = z.object({
  shard: z
    .string()
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "must be lower-case words joined by hyphens")
    .max(64),
});

export const shardRoutes =
  ({ shards, leases }: ShardRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    const tell = async (caller: Caller, shard: string, command: () => ShardCommand) => {
      mustBePlatform(caller, "defines and drains shards");
      const asked = { shard, command: command(), operation: uuid7(), actor: caller.subject };
      const changed = await shards.decide(asked);
      return view(changed, await leases.live(shard));
    };

    server.get(
      "/shards",
      {
        schema: {
          tags,
          summary: "The shards, and who serves in them (platform and audit)",
          response: { 200: listOf(shardAnswer), ...errors },
        },
      },
      async (request) => {
        mustSeeThePlatform(await request.caller(), "the shards");
        const [all, live] = await Promise.all([shards.all(), leases.live()]);
        return { items: all.map((shard) => view(shard, live)), next_cursor: null };
      },
    );

    server.put(
      "/shards/:shard",
      {
        schema: {
          tags,
          summary: "Define a shard, change it, or take it into use again (platform)",
          description: "What is left out keeps what it is; a new one weighs 1 and is shared.",
          params,
          body: wish,
          response: { 200: shardAnswer, ...errors },
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request) =>
        tell(await request.caller(), request.params.shard, () => ({
          type: "DefineShard",
          ...parsedBody(wish, request),
        })),
    );

    server.post(
      "/shards/:shard/drain",
      {
        schema: {
          tags,
          summary: "Place no namespace there any more; those that are there stay (platform)",
          params,
          response: { 200: shardAnswer, ...errors },
        },
      },
      async (request) => tell(await request.caller(), request.params.shard, () => ({ type: "DrainShard" })),
    );
  };

const view = (
  { shard, weight, dedicated, state, holder }: Shard,
  live: readonly { readonly proxy: string; readonly shard: string }[],
) => ({
  ...{ shard, weight, dedicated, state },
  holder: holder?.namespace ?? null,
  proxies: live.filter((proxy) => proxy.shard === shard).map(({ proxy }) => proxy),
});
