import fc from "fast-check";
import type { Json, JsonObject } from "../../domain/json.ts";
import { type BackendKind, type ClientApi, clientApis } from "../../domain/plan.ts";
import { needs as needFields } from "../../domain/request/needs.ts";
import { backendOf, type Inventory } from "../../domain/selection/inventory.ts";

/** Values around every threshold of the rules, spelt as people spell them. */
const values: Readonly<Record<string, readonly Json[]>> = {
  durability: ["strong", "eventual", "best-effort"],
  replay: ["enabled", "disabled"],
  write_rps: [0, 1, 500, "10k", 10_001, 50_000, "50001", "100k rps", 150_000],
  read_rps: [0, 100, "10k msgs/s", 100_000, 100_001, 600_000],
  concurrent_connections: [1, 5000],
  data_size: ["1MB", "99 gb", "100GB", "100000000001B", "512GiB", "2TB"],
  retention: ["1h", "7days", "30 days", "31d", "52 weeks", "forever"],
  ttl: [60, "15min", "1day"],
  max_message_size: ["1KB", "1MB", "1000001B", "1MiB", "50mb", "5GB"],
  ordered: [true, false],
  consistency: ["strong", "eventual", "bounded_staleness"],
  max_staleness: ["5s", "1h"],
  delivery_guarantee: ["at_least_once", "exactly_once"],
  query_complexity: ["low", "high"],
  cleanup: ["on_consume", "ttl"],
  backend_preference: ["kafka", "nats", "redis", "postgres"],
  kafka_partitions: [1, 300],
  postgres_pool_size: [5],
};

const needsOf = (api: ClientApi): fc.Arbitrary<JsonObject> => {
  const fitting = Object.entries(values).filter(([name]) => needFields[name]?.fits?.includes(api) ?? true);
  const fields = Object.fromEntries(fitting.map(([name, some]) => [name, fc.constantFrom(...some)]));
  return fc.record(fields, { requiredKeys: [] });
};

const namespace = fc.constantFrom("orders", "a", "order-processing", `long-${"x".repeat(59)}`);

const readerExtras = fc.record(
  {
    cache: fc.record(
      { enabled: fc.boolean(), ttl: fc.constantFrom(900, "1min") },
      { requiredKeys: ["enabled"] },
    ),
    cdc: fc.record(
      {
        enabled: fc.boolean(),
        destination: fc.constantFrom("kafka", "cache_invalidator"),
        topic: fc.constant("t"),
      },
      { requiredKeys: ["enabled"] },
    ),
  },
  { requiredKeys: [] },
);

const policies = fc.constantFrom<JsonObject>(
  {},
  { deletion_protection: true },
  { pii_handling: "enabled", audit_logging: "enabled", compliance: "pci" },
);

/** Requests of every client API, most of them sound. */
export const requests: fc.Arbitrary<JsonObject> = fc
  .constantFrom(...clientApis)
  .chain((client_api) =>
    fc.tuple(
      fc.record({ namespace, client_api: fc.constant(client_api), needs: needsOf(client_api), policies }),
      client_api === "reader" ? readerExtras : fc.constant({}),
    ),
  )
  .map(([request, extras]) => ({
    ...request,
    ...extras,
    needs: agreeing(request.client_api, request.needs, extras),
  }))
  .map((request) => ({ ...request, team: "payments-team", access: { consumers: ["api (read-only)"] } }));

const tooMany: readonly Json[] = [10_001, 50_000, "50001", "100k rps", 150_000];

/** Takes out needs that contradict one another, as no two random ones agree for long. */
function agreeing(
  api: ClientApi,
  needs: JsonObject,
  { cache }: { cache?: { enabled: boolean } },
): JsonObject {
  const bounded = needs.consistency === "bounded_staleness" && needs.max_staleness !== undefined;
  const unfit = {
    consistency:
      (needs.consistency === "bounded_staleness" && !bounded) ||
      (api === "transact" && needs.consistency !== "strong") ||
      (api === "pubsub" && needs.consistency === "strong" && needs.delivery_guarantee !== "exactly_once") ||
      (cache?.enabled === true && needs.consistency === "strong") ||
      ((api === "queue" || api === "pubsub") && needs.consistency === "bounded_staleness"),
    max_staleness: !bounded,
    cleanup: needs.replay === "enabled",
    ttl: api === "reader" && cache?.enabled !== true,
    write_rps:
      (api === "transact" || needs.durability === "strong") && tooMany.includes(needs.write_rps ?? 0),
  };
  return Object.fromEntries(
    Object.entries(needs).filter(([name]) => !(unfit as Record<string, boolean>)[name]),
  );
}

const backend = (kind: BackendKind): fc.Arbitrary<Inventory[BackendKind]> =>
  fc.constantFrom(1, 2, 3, 5).map((brokers) => backendOf(kind, { brokers }));

/** Installations with something missing here and there. */
export const inventories: fc.Arbitrary<Inventory> = fc.record(
  {
    kafka: backend("kafka"),
    nats: backend("nats"),
    redis: backend("redis"),
    postgres: backend("postgres"),
    s3: backend("s3"),
  },
  { requiredKeys: ["kafka", "postgres"] },
) as fc.Arbitrary<Inventory>;
