import { unreachable } from "../errors.ts";
import type { Json, JsonObject } from "../json.ts";
import type { PatternType } from "../plan.ts";
import { days, milliseconds } from "../request/duration.ts";
import type { NamespaceRequest } from "../request/request.ts";
import { changeTopic, postgresTable, s3Bucket } from "./names.ts";

/** All of a pattern's settings: the ruleset's, from the needs, with what an expert wrote laid over them. */
export const patternConfig = (
  type: PatternType,
  request: NamespaceRequest,
  written: JsonObject,
): JsonObject => over(defaults(type, request), written);

function defaults(type: PatternType, request: NamespaceRequest): JsonObject {
  const { namespace, needs } = request;
  switch (type) {
    case "wal":
      return { fsync_enabled: true };
    case "replay-store":
      return { retention_days: days(needs.retention ?? "7days") };
    case "outbox":
      return {
        database: "postgres",
        table: postgresTable("outbox", namespace),
        publisher: { interval: "100ms", batch_size: 100 },
      };
    case "claim-check":
      return {
        threshold: "1MB",
        storage: { backend: "s3", bucket: s3Bucket(namespace), prefix: "claims/" },
        compression: "none",
        // A payload lives as long as the message that claims it.
        cleanup: { strategy: needs.cleanup ?? "ttl", ttl: needs.retention ?? "7days" },
      };
    case "tiered-storage":
      return { hot_tier_days: 7, warm_tier_days: 30, cold_tier: "s3" };
    case "cache":
      return {
        strategy: "look-aside",
        backend: "redis",
        ttl: cacheTtl(request),
        key_pattern: request.client_api === "keyvalue" ? "{key}" : "{collection}:{id}",
      };
    case "cdc":
      return changes(request);
    default:
      return unreachable(type);
  }
}

/** The shortest that was asked for: an answer is never older than `max_staleness`. */
function cacheTtl({ needs, cache }: NamespaceRequest): string {
  const asked = [cache?.ttl, needs.ttl, needs.max_staleness].filter((ttl) => ttl !== undefined);
  return asked.sort((a, b) => milliseconds(a) - milliseconds(b))[0] ?? "15min";
}

function changes({ namespace, cache, cdc }: NamespaceRequest): JsonObject {
  const topic = changeTopic(namespace, cdc?.topic ?? "changes");
  return {
    tables: cdc?.tables ?? null,
    operations: cdc?.operations ?? ["INSERT", "UPDATE", "DELETE"],
    sink: cdc?.destination === "cache_invalidator" ? null : { backend: "kafka", topic },
    consumers: cache?.enabled === true ? ["cache_invalidator"] : [],
  };
}

/** Objects key by key, everything else as a whole. */
function over(base: JsonObject, written: JsonObject): JsonObject {
  const laid = Object.entries(written).map(([name, value]): [string, Json | undefined] => {
    const below = base[name];
    return [name, isObject(below) && isObject(value) ? over(below, value) : value];
  });
  return { ...base, ...Object.fromEntries(laid) };
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
