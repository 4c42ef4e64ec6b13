import type { JsonObject } from "../../../domain/json.ts";
import { backendOf, type Inventory } from "../../../domain/selection/inventory.ts";
import { request } from "../asking.ts";
import { everything } from "../inventories.ts";

/** A request, and the installation it meets; without one, everything is there. */
export type Pinned = {
  readonly title: string;
  readonly asks: JsonObject;
  readonly by?: "platform";
  readonly inventory?: Inventory;
};

const largest = { max_message_size: "2MB", cleanup: "on_consume" };

/** What only the platform may ask for. */
export const expert: readonly Pinned[] = [
  {
    title: "an empty chain for what must not be lost",
    asks: request("queue", { durability: "strong" }, { patterns: [] }),
    by: "platform",
  },
  {
    title: "a chain of their own, one of it switched off",
    asks: request(
      "queue",
      { replay: "enabled" },
      {
        patterns: [
          { type: "outbox", config: { publisher: { batch_size: 7 } } },
          { type: "claim-check", config: { threshold: "200KB", storage: { prefix: "big/" } } },
          { type: "wal", enabled: false },
          { type: "tiered-storage", config: { hot_tier_days: 3 } },
        ],
      },
    ),
    by: "platform",
  },
  {
    title: "a topic",
    asks: request(
      "queue",
      {},
      { backend: { type: "kafka", config: { topic: "mine", partitions: 300, replication: 5 } } },
    ),
    by: "platform",
  },
  {
    title: "a subject",
    asks: request(
      "pubsub",
      { retention: "2days" },
      { backend: { type: "nats", config: { subject: "mine.>", replicas: 2 } } },
    ),
    by: "platform",
  },
  {
    title: "a prefix",
    asks: request("keyvalue", { ttl: 5 }, { backend: { type: "redis", config: { prefix: "orders:mine:" } } }),
    by: "platform",
  },
  {
    title: "a pool",
    asks: request(
      "queue",
      { write_rps: 20_000, backend_preference: "kafka", kafka_partitions: 2 },
      { backend: { type: "postgres", config: { connection_pool_size: 3, statement_timeout: "5s" } } },
    ),
    by: "platform",
  },
  {
    title: "Redis, beyond all it can keep",
    asks: request(
      "keyvalue",
      { durability: "strong", consistency: "strong", data_size: "200GB" },
      { backend: { type: "redis" } },
    ),
    by: "platform",
  },
];

const without = (...missing: readonly (keyof Inventory)[]): Inventory =>
  Object.fromEntries(
    Object.entries(everything).filter(([kind]) => !missing.includes(kind as keyof Inventory)),
  );

export const refused: readonly Pinned[] = [
  { title: "graph data", asks: request("reader", { data_model: "graph" }) },
  { title: "more writes than the only backend takes", asks: request("transact", { write_rps: 10_001 }) },
  {
    title: "more writes than a log takes",
    asks: request("queue", { durability: "strong", write_rps: 50_001 }),
  },
  {
    title: "too large for one backend, too many writes for the other",
    asks: request("keyvalue", { data_size: "200GB", write_rps: 20_000, read_rps: 200_000 }),
  },
  {
    title: "what only Kafka tiers, at more than a log takes",
    asks: request("pubsub", { retention: "31days", durability: "strong", write_rps: 20_000 }),
    inventory: { ...everything, postgres: backendOf("postgres", { limits: { log_write_rps: 10_000 } }) },
  },
  { title: "without a backend", asks: request("keyvalue"), inventory: without("redis", "postgres") },
  {
    title: "without the backend of its log",
    asks: request("queue", { durability: "strong" }),
    inventory: without("postgres"),
  },
  { title: "without a place for large payloads", asks: request("queue", largest), inventory: without("s3") },
  {
    title: "without the backend of its replay",
    asks: request("pubsub", { replay: "enabled" }),
    inventory: without("postgres"),
  },
  {
    title: "without the backend of its outbox",
    asks: request("queue", { delivery_guarantee: "exactly_once", ordered: true }),
    inventory: without("postgres"),
  },
  {
    title: "without Kafka for its changes",
    asks: request("reader", {}, { cdc: { enabled: true } }),
    inventory: without("kafka"),
  },
  {
    title: "without a cache",
    asks: request("reader", {}, { cache: { enabled: true } }),
    inventory: without("redis"),
  },
  {
    title: "a named chain that lacks its backend",
    asks: request("queue", {}, { patterns: [{ type: "replay-store" }] }),
    by: "platform",
    inventory: without("postgres"),
  },
  {
    title: "a named backend that is not there",
    asks: request("keyvalue", {}, { backend: { type: "redis" } }),
    by: "platform",
    inventory: without("redis"),
  },
];
