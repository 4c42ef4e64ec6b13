import { backendOf, type Inventory } from "../../../domain/selection/inventory.ts";
import { request } from "../asking.ts";
import { everything } from "../inventories.ts";
import type { Pinned } from "./pinned-liberties.ts";

const terabyte = 1_000_000_000_000;
const roomyRedis: Inventory = {
  ...everything,
  redis: backendOf("redis", { limits: { max_data_size: 100 * terabyte } }),
};
const onlyKafka: Inventory = { kafka: backendOf("kafka", { brokers: 3 }) };
const onlyPostgres: Inventory = { postgres: backendOf("postgres") };
const noLog: Inventory = {
  ...everything,
  postgres: backendOf("postgres", { capabilities: ["keyvalue", "queue", "reader", "transact"] }),
};
const smallLog: Inventory = {
  ...everything,
  postgres: backendOf("postgres", { limits: { log_write_rps: 100 } }),
};
const platform = { by: "platform" } as const;

/** Where two rules meet, or one limit is other than usual. */
export const corners: readonly Pinned[] = [
  {
    title: "too large for the default, though Redis could hold it",
    asks: request("keyvalue", { data_size: "10TB", read_rps: 50_000 }),
    inventory: roomyRedis,
    ...platform,
  },
  {
    title: "hardly too large for the default",
    asks: request("keyvalue", { data_size: "101GB" }),
    inventory: roomyRedis,
  },
  {
    title: "large and often read",
    asks: request("keyvalue", { data_size: "101GB", read_rps: 100_001 }),
    inventory: roomyRedis,
  },
  {
    title: "larger than the default holds, without Postgres",
    asks: request("keyvalue", { data_size: "101GB" }),
    inventory: { redis: backendOf("redis", { limits: { max_data_size: terabyte } }) },
  },
  {
    title: "never late, without Postgres",
    asks: request("keyvalue", { consistency: "strong" }),
    inventory: { redis: backendOf("redis") },
  },
  {
    title: "never late, and kept for a while",
    asks: request("keyvalue", { consistency: "strong", ttl: "1min" }),
  },
  {
    title: "large messages, without Kafka",
    asks: request("pubsub", { max_message_size: "2MB" }),
    inventory: { nats: backendOf("nats"), s3: backendOf("s3") },
  },
  {
    title: "more writes than NATS is chosen for, without Kafka",
    asks: request("pubsub", { write_rps: 50_001 }),
    inventory: { nats: backendOf("nats") },
  },
  {
    title: "replayed, where nothing is logged",
    asks: request("pubsub", { replay: "enabled" }),
    inventory: noLog,
  },
  {
    title: "more writes than a replay keeps up with",
    asks: request("pubsub", { replay: "enabled", write_rps: 101 }),
    inventory: smallLog,
  },
  {
    title: "more writes than an outbox keeps up with",
    asks: request("queue", { delivery_guarantee: "exactly_once", write_rps: 101 }),
    inventory: smallLog,
  },
  {
    title: "exactly as many writes as a log keeps up with",
    asks: request("queue", { durability: "strong", write_rps: 100 }),
    inventory: smallLog,
  },
  { title: "ordered, without Kafka", asks: request("queue", { ordered: true }), inventory: onlyPostgres },
  {
    title: "more writes than any log takes, and there is none",
    asks: request("queue", { durability: "strong", write_rps: 60_000 }),
    inventory: onlyKafka,
  },
  {
    title: "exactly once, in an order",
    asks: request("queue", { delivery_guarantee: "exactly_once", ordered: true, write_rps: 9_000 }),
  },
  {
    title: "under the longest name there may be",
    asks: {
      ...request("queue", { durability: "strong", max_message_size: "2MB" }),
      namespace: "n".repeat(64),
    },
  },
  {
    title: "changes streamed under the longest name there may be",
    asks: {
      ...request("reader", {}, { cdc: { enabled: true, tables: ["users"] }, cache: { enabled: true } }),
      namespace: "n".repeat(64),
    },
  },
  {
    title: "a transaction's chain without its log",
    asks: request("transact", { durability: "strong" }, { patterns: [{ type: "outbox" }] }),
    ...platform,
  },
  {
    title: "a publisher's chain without its log",
    asks: request("pubsub", { durability: "strong" }, { patterns: [{ type: "replay-store" }] }),
    ...platform,
  },
  {
    title: "a reader's chain, which never has a log",
    asks: request("reader", { durability: "strong" }, { patterns: [{ type: "cache" }] }),
    ...platform,
  },
  {
    title: "a chain that keeps the log, on Kafka by name",
    asks: request(
      "queue",
      { durability: "strong" },
      { patterns: [{ type: "wal", config: { fsync_enabled: false } }], backend: { type: "kafka" } },
    ),
    ...platform,
  },
  {
    title: "a chain whose switched-off pattern would decide",
    asks: request(
      "queue",
      {},
      {
        patterns: [
          { type: "outbox", enabled: false },
          { type: "tiered-storage", enabled: false },
        ],
      },
    ),
    ...platform,
  },
  {
    title: "a publisher's chain with its log",
    asks: request(
      "pubsub",
      { durability: "strong" },
      { patterns: [{ type: "wal" }, { type: "replay-store" }] },
    ),
    ...platform,
  },
  {
    title: "a transaction's chain, to be replayed",
    asks: request(
      "transact",
      { durability: "strong" },
      { patterns: [{ type: "outbox" }, { type: "wal" }, { type: "replay-store" }] },
    ),
    ...platform,
  },
  {
    title: "a cache for half a second",
    asks: request("reader", {}, { patterns: [{ type: "cache", config: { ttl: "500ms" } }] }),
    ...platform,
  },
];
