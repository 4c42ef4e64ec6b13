import { unreachable } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { BackendKind, PlannedPattern, Resource } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";
import { changesTopic, type Topic } from "./kafka-resources.ts";
import { postgresChanges, postgresSchema, postgresTable, redisPrefix, redisUser, s3Bucket } from "./names.ts";

/** What a pattern's resources depend on beside its own settings. */
type Around = {
  readonly request: NamespaceRequest;
  readonly backend: BackendKind;
  readonly chain: ReadonlySet<string>;
  /** The size of the topic that cdc streams to. */
  readonly changes: Omit<Topic, "name">;
};

/** What the patterns of a chain keep beside the backend, and where. */
export const patternResources = (
  patterns: readonly PlannedPattern[],
  around: Omit<Around, "chain">,
): readonly Resource[] => {
  const chain = new Set(patterns.map(({ type }) => type));
  return patterns.flatMap((pattern) => resourcesOf(pattern, { ...around, chain }));
};

function resourcesOf({ type, config }: PlannedPattern, around: Around): readonly Resource[] {
  const { request, chain, changes } = around;
  const { namespace } = request;
  switch (type) {
    case "outbox": {
      const schema = table("schema", postgresSchema(namespace), { database: "tenants" });
      return [
        schema,
        table("outbox-table", config.table as string, { database: "tenants", schema: schema.name }),
      ];
    }
    case "wal":
      // With an outbox in the chain its own synchronous commit is the log (R9).
      return chain.has("outbox")
        ? []
        : [table("wal-table", postgresTable("wal", namespace), { database: "data" })];
    case "replay-store":
      return [table("replay-table", postgresTable("replay", namespace), { database: "data" })];
    case "claim-check": {
      const { bucket, prefix } = config.storage as { bucket: string; prefix: string };
      return [objects(bucket, prefix)];
    }
    case "tiered-storage": {
      const cold = objects(s3Bucket(namespace), "tiers/");
      // The replay store is the warm tier: nothing is kept twice.
      if (chain.has("replay-store")) return [cold];
      return [table("tier-table", postgresTable("tier", namespace), { database: "data" }), cold];
    }
    case "cache":
      // On Redis the cache is the values' ttl: there is no second copy.
      return around.backend === "redis" ? [] : [redisAccess(namespace, { prefix: redisPrefix(namespace) })];
    case "cdc":
      return cdcResources(namespace, config, { ...changes, strong: request.needs.durability === "strong" });
    default:
      return unreachable(type);
  }
}

export const table = (kind: string, name: string, config: JsonObject): Resource => ({
  backend: "postgres",
  kind,
  name,
  config,
});

/** `data_size`: what has to fit into the server's memory; left out for copies, which may be dropped. */
export const redisAccess = (
  namespace: string,
  config: { readonly prefix: string; readonly data_size?: string },
): Resource => ({
  backend: "redis",
  kind: "acl-user",
  name: redisUser(namespace),
  config,
});

const objects = (bucket: string, prefix: string): Resource => ({
  backend: "s3",
  kind: "bucket-prefix",
  name: `${bucket}/${prefix}`,
  config: { bucket, prefix },
});

function cdcResources(
  namespace: string,
  { tables, operations, sink }: JsonObject,
  changes: Omit<Topic, "name"> & { strong: boolean },
): readonly Resource[] {
  const name = postgresChanges(namespace);
  const topic = (sink as { topic: string } | null)?.topic;
  return [
    table("publication", name, {
      database: "tenants",
      tables: tables ?? null,
      operations: operations ?? null,
    }),
    table("replication-slot", name, { database: "tenants" }),
    ...(topic === undefined ? [] : [changesTopic({ name: topic, ...changes }, changes.strong)]),
  ];
}
