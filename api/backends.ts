import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { BackendReports, SeenBackend } from "../control/backend-reports.ts";
import { type BackendKind, backendKinds } from "../domain/plan.ts";
import { interfacesOf } from "../domain/selection/interfaces.ts";
import type { BackendInventory, Inventory } from "../domain/selection/inventory.ts";
import { errors, listOf } from "./schemas.ts";

const backendAnswer = z.object({
  backend: z.string(),
  health: z.enum(["healthy", "unhealthy", "unknown"]).describe("As a worker last saw it"),
  message: z
    .string()
    .nullable()
    .describe("Why it is not healthy, or what of its configuration has to be changed"),
  seen_at: z.string().nullable(),
  version: z.string().nullable().describe("Where the backend tells it"),
  capabilities: z
    .array(z.string())
    .readonly()
    .describe("The interfaces it has for what is provisioned on it"),
  served: z
    .array(z.string())
    .readonly()
    .describe("Those of them that clients reach through this build; calls to others answer UNIMPLEMENTED"),
  provisions: z
    .array(z.string())
    .readonly()
    .describe("The client APIs it stands behind and the patterns that keep something in it"),
  capacity: z.record(z.string(), z.number()).readonly().describe("Most of what one namespace may ask"),
  used: z.record(z.string(), z.number()).readonly(),
});

export type BackendRoutes = { readonly inventory: Inventory; readonly backendReports: BackendReports };

/** Older than this a report says nothing: no worker runs, or it reaches nothing. */
const staleMs = 60_000;

/** The backends that plans may be made on. How they feel is for people: selection never asks. */
export const backendRoutes =
  ({ inventory, backendReports }: BackendRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    server.get(
      "/backends",
      {
        schema: {
          tags: ["operator"],
          summary: "The backends, what they can do, and how they are",
          response: { 200: listOf(backendAnswer), ...errors },
        },
      },
      async () => {
        const seen = new Map((await backendReports.all()).map((report) => [report.backend, report]));
        const items = backendKinds.flatMap((kind) => {
          const known = inventory[kind];
          return known === undefined ? [] : [view(kind, known, inventory, seen.get(kind))];
        });
        return { items, next_cursor: null };
      },
    );
  };

function view(
  kind: BackendKind,
  known: BackendInventory,
  inventory: Inventory,
  seen: SeenBackend | undefined,
) {
  const { all, served } = interfacesOf(kind, inventory);
  const fresh = seen !== undefined && Date.now() - seen.seenAt.getTime() < staleMs ? seen : undefined;
  return {
    backend: kind,
    health:
      fresh === undefined
        ? ("unknown" as const)
        : fresh.healthy
          ? ("healthy" as const)
          : ("unhealthy" as const),
    message: fresh?.message ?? null,
    seen_at: seen?.seenAt.toISOString() ?? null,
    version: seen?.version ?? null,
    capabilities: all,
    served,
    provisions: known.capabilities,
    capacity: { brokers: known.brokers, ...known.limits },
    used: fresh?.used ?? {},
  };
}
