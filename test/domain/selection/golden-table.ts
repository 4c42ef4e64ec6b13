import type { JsonObject } from "../../../domain/json.ts";
import { request } from "../asking.ts";

export type Row = {
  readonly example: string;
  readonly asks: JsonObject;
  readonly patterns: readonly string[];
  readonly backend: string;
  readonly partitions?: number;
  /** Every backend the namespace has resources in. */
  readonly places?: readonly string[];
  readonly approval?: readonly string[];
};

const orderProcessing = {
  durability: "strong",
  replay: "enabled",
  write_rps: 5000,
  read_rps: 10000,
  data_size: "100GB",
  retention: "30days",
  max_message_size: "1MB",
  ordered: true,
  consistency: "strong",
};

/** design.md's golden table: three brokers, every backend up. */
export const rows: readonly Row[] = [
  {
    example: "RFC-027 step 1 order-processing",
    asks: request("queue", orderProcessing, { namespace: "order-processing" }),
    patterns: ["wal", "replay-store"],
    backend: "kafka",
    partitions: 20,
    places: ["kafka", "postgres"],
  },
  {
    example: "RFC-027 ex. 1 user-profiles-cache",
    asks: request("keyvalue", {
      durability: "eventual",
      read_rps: 50000,
      write_rps: 500,
      data_size: "10GB",
      ttl: "15min",
      consistency: "eventual",
    }),
    patterns: ["cache"],
    backend: "redis",
    places: ["redis"],
  },
  {
    example: "RFC-027 ex. 2 video-uploads",
    asks: request("pubsub", {
      durability: "strong",
      replay: "enabled",
      write_rps: 1000,
      read_rps: 5000,
      max_message_size: "50MB",
      retention: "90days",
      consistency: "eventual",
    }),
    patterns: ["claim-check", "wal", "replay-store", "tiered-storage"],
    backend: "kafka",
    partitions: 10,
    places: ["kafka", "postgres", "s3"],
  },
  {
    example: "RFC-027 ex. 3 order-transactions",
    asks: request("transact", {
      durability: "strong",
      consistency: "strong",
      write_rps: 500,
      retention: "forever",
      ordered: true,
    }),
    patterns: ["outbox", "wal"],
    backend: "postgres",
    places: ["postgres"],
  },
  {
    example: "RFC-027 select_patterns (pubsub, durability strong, 50MB)",
    asks: request("pubsub", { durability: "strong", max_message_size: "50MB" }),
    patterns: ["claim-check", "wal"],
    backend: "kafka",
  },
  {
    example: "RFC-027 select_backend (queue, wal, 5000)",
    asks: request("queue", { durability: "strong", write_rps: 5000 }),
    patterns: ["wal"],
    backend: "kafka",
    partitions: 10,
  },
  {
    example: "RFC-014 P1 durable-queue",
    asks: request("queue", { durability: "strong", replay: "enabled", retention: "30days", ordered: true }),
    patterns: ["wal", "replay-store"],
    backend: "kafka",
  },
  {
    example: "RFC-014 P2 video-processing (pubsub, 5GB, on_consume)",
    asks: request("pubsub", { max_message_size: "5GB", storage_backend: "s3", cleanup: "on_consume" }),
    patterns: ["claim-check"],
    backend: "kafka",
    approval: ["needs.max_message_size"],
  },
  {
    example: "RFC-014 P3 (queue, consistency strong, exactly_once)",
    asks: request("queue", { consistency: "strong", delivery_guarantee: "exactly_once" }),
    patterns: ["outbox"],
    backend: "postgres",
    places: ["postgres"],
  },
  {
    example: "RFC-014 P3, ordered: postgres outbox to kafka",
    asks: request("queue", { consistency: "strong", delivery_guarantee: "exactly_once", ordered: true }),
    patterns: ["outbox"],
    backend: "kafka",
    places: ["kafka", "postgres"],
  },
  {
    example: "RFC-014 P4 (reader, cdc)",
    asks: request("reader", {}, { cdc: { enabled: true, topic: "user-profile-changes" } }),
    patterns: ["cdc"],
    backend: "postgres",
    places: ["kafka", "postgres"],
  },
  {
    example: "RFC-014 P5 (pubsub, consistency strong, 5GB, exactly_once)",
    asks: request("pubsub", {
      consistency: "strong",
      max_message_size: "5GB",
      delivery_guarantee: "exactly_once",
    }),
    patterns: ["outbox", "claim-check"],
    backend: "kafka",
    approval: ["needs.max_message_size"],
  },
  {
    example: "RFC-014 P6 (reader, cache + cdc)",
    asks: request(
      "reader",
      {},
      { cache: { enabled: true, ttl: 900 }, cdc: { enabled: true, destination: "cache_invalidator" } },
    ),
    patterns: ["cache", "cdc"],
    backend: "postgres",
    places: ["postgres", "redis"],
  },
  {
    example: "a NATS row: pubsub, durability eventual, 1,000 writes/s",
    asks: request("pubsub", { durability: "eventual", write_rps: 1000 }),
    patterns: [],
    backend: "nats",
    places: ["nats"],
  },
  {
    example: "RFC-014 guide, high-volume logging (queue, 100k, 90days)",
    asks: request("queue", { write_rps: "100k", retention: "90days" }),
    patterns: ["tiered-storage"],
    backend: "kafka",
    partitions: 200,
  },
  {
    example: "RFC-014 guide, transactional events (queue, consistency strong)",
    asks: request("queue", { consistency: "strong" }),
    patterns: [],
    backend: "kafka",
  },
  {
    example: "core concepts (queue, durability strong, 30days, 5000)",
    asks: request("queue", { durability: "strong", retention: "30days", write_rps: 5000 }),
    patterns: ["wal"],
    backend: "kafka",
    partitions: 10,
  },
];
