import { backendOf, type Inventory } from "../../../domain/selection/inventory.ts";
import { request } from "../asking.ts";
import { everything } from "../inventories.ts";
import { expert, type Pinned, refused } from "./pinned-liberties.ts";

const oneBroker: Inventory = { ...everything, kafka: backendOf("kafka"), nats: backendOf("nats") };
const largest = { max_message_size: "2MB", cleanup: "on_consume" };

const keyvalue: readonly Pinned[] = [
  { title: "by default", asks: request("keyvalue") },
  { title: "with a ttl", asks: request("keyvalue", { ttl: "10min" }) },
  { title: "with a ttl, not to be lost", asks: request("keyvalue", { ttl: 60, durability: "strong" }) },
  { title: "with a ttl, not to be late", asks: request("keyvalue", { ttl: 60, consistency: "strong" }) },
  { title: "read 100,000 times a second", asks: request("keyvalue", { read_rps: 100_000 }) },
  { title: "read more often", asks: request("keyvalue", { read_rps: 100_001 }) },
  { title: "of exactly 100GB", asks: request("keyvalue", { data_size: "100GB" }) },
  {
    title: "too large for Redis, with a ttl",
    asks: request("keyvalue", { data_size: "101GB", ttl: "1day" }),
  },
  {
    title: "on a preferred backend, with settings of another",
    asks: request("keyvalue", { backend_preference: "postgres", postgres_pool_size: 5, kafka_partitions: 3 }),
  },
  {
    title: "stale by a minute at most",
    asks: request("keyvalue", { consistency: "bounded_staleness", max_staleness: "1min", ttl: "5min" }),
  },
  { title: "without Postgres", asks: request("keyvalue"), inventory: { redis: backendOf("redis") } },
  {
    title: "where Redis holds no more than it needs",
    asks: request("keyvalue", { data_size: "5GB" }),
    inventory: {
      ...everything,
      redis: backendOf("redis", { limits: { max_data_size: 5_000_000_000, write_rps: 100 } }),
    },
  },
];

const pubsub: readonly Pinned[] = [
  { title: "by default", asks: request("pubsub") },
  { title: "durable, to be replayed", asks: request("pubsub", { durability: "strong", replay: "enabled" }) },
  {
    title: "durable, with one server",
    asks: request("pubsub", { durability: "strong" }),
    inventory: oneBroker,
  },
  { title: "of large messages", asks: request("pubsub", largest) },
  {
    title: "of 1MB messages, kept 30 days",
    asks: request("pubsub", { max_message_size: "1MB", retention: "30days" }),
  },
  { title: "kept longer", asks: request("pubsub", { retention: "31days", replay: "enabled" }) },
  { title: "50,000 writes a second", asks: request("pubsub", { write_rps: 50_000 }) },
  { title: "more writes", asks: request("pubsub", { write_rps: 50_001 }) },
  {
    title: "exactly once",
    asks: request("pubsub", { delivery_guarantee: "exactly_once", consistency: "strong" }),
  },
  {
    title: "preferring what cannot tier",
    asks: request("pubsub", { retention: "400days", backend_preference: "nats" }),
  },
  {
    title: "without NATS, with the settings of others",
    asks: request("pubsub", { kafka_partitions: 4, postgres_pool_size: 2 }),
    inventory: { kafka: backendOf("kafka"), postgres: backendOf("postgres") },
  },
];

const queue: readonly Pinned[] = [
  { title: "by default", asks: request("queue") },
  {
    title: "RFC-027's order-processing",
    asks: request(
      "queue",
      {
        durability: "strong",
        replay: "enabled",
        write_rps: 5000,
        read_rps: 10_000,
        retention: "30days",
        ordered: true,
      },
      {
        policies: {
          pii_handling: "enabled",
          audit_logging: "enabled",
          compliance: "pci",
          deletion_protection: true,
        },
      },
    ),
  },
  { title: "of large messages, durable", asks: request("queue", { ...largest, durability: "strong" }) },
  { title: "kept for ever", asks: request("queue", { retention: "forever" }) },
  { title: "exactly once", asks: request("queue", { delivery_guarantee: "exactly_once" }) },
  {
    title: "exactly once, durable and to be replayed",
    asks: request("queue", { delivery_guarantee: "exactly_once", durability: "strong", replay: "enabled" }),
  },
  {
    title: "exactly once, ordered",
    asks: request("queue", { delivery_guarantee: "exactly_once", ordered: true }),
  },
  { title: "more partitions than there may be", asks: request("queue", { read_rps: 200_000 }) },
  { title: "as many partitions as there may be", asks: request("queue", { read_rps: 128_000 }) },
  { title: "as many partitions as are asked for", asks: request("queue", { kafka_partitions: 7 }) },
  {
    title: "more of them than there may be",
    asks: request("queue", { kafka_partitions: 300 }),
    by: "platform",
  },
  { title: "on a preferred backend", asks: request("queue", { backend_preference: "postgres" }) },
  {
    title: "preferring what takes fewer writes",
    asks: request("queue", { backend_preference: "postgres", write_rps: 20_000 }),
  },
  {
    title: "durable, with one server",
    asks: request("queue", { durability: "strong" }),
    inventory: oneBroker,
  },
  {
    title: "exactly at every cap, kept a year",
    asks: request("queue", {
      write_rps: 100_000,
      read_rps: 500_000,
      data_size: "1TB",
      max_message_size: "100MB",
      retention: "365days",
    }),
  },
  {
    title: "over every cap, kept longer than a year",
    asks: request("queue", {
      write_rps: 100_001,
      read_rps: 500_001,
      data_size: "2TB",
      max_message_size: "1GB",
      retention: "366days",
    }),
  },
  {
    title: "over every cap, asked for by the platform",
    asks: request("queue", {
      write_rps: 100_001,
      data_size: "2TB",
      retention: "366days",
      kafka_partitions: 9,
    }),
    by: "platform",
  },
];

const reader: readonly Pinned[] = [
  { title: "by default", asks: request("reader") },
  { title: "cached", asks: request("reader", {}, { cache: { enabled: true } }) },
  {
    title: "cached for a while",
    asks: request("reader", { ttl: "20min" }, { cache: { enabled: true, ttl: 900 } }),
  },
  {
    title: "cached, invalidated by changes",
    asks: request(
      "reader",
      {},
      { cache: { enabled: true }, cdc: { enabled: true, destination: "cache_invalidator" } },
    ),
  },
  {
    title: "its changes streamed",
    asks: request(
      "reader",
      { durability: "strong", write_rps: 2_000 },
      { cdc: { enabled: true, topic: "user-changes", tables: ["users"], operations: ["UPDATE"] } },
    ),
  },
  {
    title: "all its changes streamed, with one server",
    asks: request("reader", {}, { cdc: { enabled: true } }),
    inventory: oneBroker,
  },
];

const transact: readonly Pinned[] = [
  { title: "by default", asks: request("transact") },
  {
    title: "durable, kept for ever, of large messages",
    asks: request("transact", {
      max_message_size: "2MB",
      durability: "strong",
      retention: "forever",
      replay: "enabled",
    }),
  },
];

export const pinned = { keyvalue, pubsub, queue, reader, transact, expert, refused } as const;
