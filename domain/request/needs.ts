import { backendKinds, type ClientApi } from "../plan.ts";
import type { Fields } from "./fields.ts";
import { choice, flag, onOff } from "./kind.ts";
import { count, duration, rate, size } from "./quantity.ts";
import { unservedBackends } from "./unserved.ts";

/** The client APIs that carry messages. */
const messaging: readonly ClientApi[] = ["queue", "pubsub", "transact"];

/** What a namespace needs, field by field; `docs` and OpenAPI are made from it. */
export const needs: Fields = {
  durability: {
    kind: choice(["strong", "eventual", "best-effort"]),
    default: "eventual",
    summary: "What an acknowledged write survives: strong, a crash of any machine",
  },
  replay: {
    kind: onOff,
    default: "disabled",
    fits: messaging,
    summary: "Whether old messages can be read again",
  },
  write_rps: { kind: rate, default: 100, summary: "Writes per second, reserved and enforced" },
  read_rps: { kind: rate, default: 100, summary: "Reads per second, reserved and enforced" },
  concurrent_connections: { kind: count, default: 100, summary: "Connections open at one time" },
  data_size: {
    kind: size,
    default: "1GB",
    summary: "All the data kept, reserved; never a limit that drops data",
  },
  retention: {
    kind: duration({ forever: true }),
    default: "7days",
    fits: messaging,
    summary: "How long messages are kept, or forever",
  },
  ttl: {
    kind: duration({ seconds: true }),
    fits: ["keyvalue", "reader"],
    summary: "When a value expires; a bare number is seconds",
  },
  max_message_size: { kind: size, default: "1MB", fits: messaging, summary: "The largest message" },
  ordered: {
    kind: flag,
    default: false,
    fits: messaging,
    summary: "Whether messages of one key keep their order",
  },
  consistency: {
    kind: choice(["strong", "eventual", "bounded_staleness"]),
    default: (api) => (api === "transact" ? "strong" : "eventual"),
    summary: "What a read may miss; bounded_staleness needs approval",
  },
  max_staleness: {
    kind: duration(),
    fits: ["keyvalue", "reader"],
    summary: "With bounded_staleness: how old an answer may be",
  },
  delivery_guarantee: {
    kind: choice(["at_least_once", "exactly_once"]),
    default: "at_least_once",
    fits: messaging,
    summary: "exactly_once publishes in one transaction with the database",
  },
  query_complexity: {
    kind: choice(["low", "high"]),
    default: "low",
    fits: ["reader"],
    summary: "high allows SQL",
  },
  data_model: {
    kind: choice(["relational", "graph"]),
    default: "relational",
    fits: ["reader"],
    summary: "What the data looks like; graph is not served yet",
  },
  cleanup: {
    kind: choice(["on_consume", "ttl"]),
    default: "ttl",
    fits: messaging,
    summary: "When a large payload is removed: once consumed, or with its retention",
  },
  storage_backend: { kind: choice(["s3"]), fits: messaging, summary: "Where large payloads are stored" },
  backend_preference: {
    kind: choice(
      backendKinds.filter((kind) => kind !== "s3"),
      unservedBackends,
    ),
    boundary: "advanced",
    summary: "The backend to use if it can hold every other need",
  },
  kafka_partitions: {
    kind: count,
    boundary: "advanced",
    summary: "Exactly so many partitions, where Kafka serves",
  },
  postgres_pool_size: {
    kind: count,
    boundary: "advanced",
    summary: "Connections of the pool, where Postgres serves",
  },
};
