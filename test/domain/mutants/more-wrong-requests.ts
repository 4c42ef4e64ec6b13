import type { Json, JsonObject } from "../../../domain/json.ts";
import { type asked, platform, request } from "../asking.ts";

export type Wrong = {
  readonly wrong: string;
  readonly asks: Json;
  readonly given?: Parameters<typeof asked>[1];
};

const root = { given: { caller: platform } };
const needs = (api: string, ...each: readonly JsonObject[]): Wrong[] =>
  each.map((some) => ({ wrong: `${api} with ${JSON.stringify(some)}`, asks: request(api, some) }));
const more = (api: string, ...each: readonly JsonObject[]): Wrong[] =>
  each.map((some) => ({ wrong: `${api} with ${JSON.stringify(some)}`, asks: request(api, {}, some) }));
const expert = (api: string, ...each: readonly JsonObject[]): Wrong[] =>
  more(api, ...each).map((one) => ({ ...one, ...root }));
const chain = (...types: readonly string[]): JsonObject => ({ patterns: types.map((type) => ({ type })) });
const change = (some: JsonObject): JsonObject => ({ cdc: { enabled: true, ...some } });

/** Slips that the tables beside `test/domain/request/wrong-requests.test.ts` leave out: for `pinned/refusals.txt`. */
export const moreWrongRequests: readonly Wrong[] = [
  { wrong: "a text", asks: "queue" },
  { wrong: "nothing", asks: null },
  { wrong: "a list", asks: [] },
  { wrong: "an empty object", asks: {} },
  { wrong: "a text that is too long to be shown", asks: `${"long ".repeat(20)}` },
  { wrong: "needs that are a text of sixty letters", asks: request("queue", { durability: "x".repeat(60) }) },
  { wrong: "needs that are a text of sixty-one", asks: request("queue", { durability: "x".repeat(61) }) },
  ...more(
    "queue",
    { needs: null },
    { needs: [] },
    { needs: 5 },
    { access: null },
    { policies: [] },
    { team: "no spaces" },
  ),
  ...more("queue", { team: "t".repeat(100) }, { team: "t".repeat(101) }, { team: "-t" }, { team: "t!" }),
  ...more(
    "queue",
    { namespace: "n".repeat(65) },
    { namespace: "-n" },
    { namespace: "n-" },
    { namespace: "n--n" },
    { namespace: "N" },
  ),

  ...needs(
    "queue",
    { write_rps: -1 },
    { write_rps: 1.5 },
    { write_rps: "1.5" },
    { write_rps: "5 k k" },
    { read_rps: null },
  ),
  ...needs(
    "queue",
    { data_size: 5 },
    { data_size: "0B" },
    { data_size: "5XB" },
    { data_size: "x5GB" },
    { data_size: "5GBx" },
  ),
  ...needs(
    "queue",
    { retention: "0s" },
    { retention: 5 },
    { retention: "1500ms" },
    { retention: "0.5s" },
    { retention: "5 fortnights" },
  ),
  ...needs(
    "queue",
    { retention: "-1day" },
    { retention: "99999999999999999999days" },
    { concurrent_connections: 0 },
  ),
  ...needs(
    "keyvalue",
    { ttl: 0 },
    { ttl: "forever" },
    { ttl: 1.5 },
    { ttl: "10ms " },
    { max_staleness: "5min" },
  ),
  ...needs(
    "keyvalue",
    { consistency: "bounded_staleness" },
    { retention: "1day" },
    { max_message_size: "1MB" },
    { ordered: false },
  ),
  ...needs("pubsub", { consistency: "strong" }, { consistency: "bounded_staleness" }, { ttl: 5 }),
  ...needs("transact", { consistency: "eventual" }),
  ...needs(
    "queue",
    { consistency: "bounded_staleness" },
    { max_message_size: "5000000001B" },
    { cleanup: "on_consume", replay: "enabled" },
  ),
  ...needs("reader", { ttl: 5 }, { data_model: "document" }),
  ...["neptune", "dynamodb", "sqs", "rabbitmq", "clickhouse", "s3", "mongo"].flatMap((backend_preference) =>
    needs("queue", { backend_preference }),
  ),
  ...["stream", "timeseries", "graph", "log"].map((api) => ({
    wrong: `client_api ${api}`,
    asks: request(api),
  })),

  ...more(
    "queue",
    { access: { owners: "payments-team" } },
    { access: { owners: [{ team: 5 }] } },
    { access: { owners: [{}] } },
  ),
  ...more(
    "queue",
    { access: { consumers: ["api"] } },
    { access: { consumers: ["x api (read-only)"] } },
    { access: { consumers: ["api (read-only) x"] } },
    { access: { consumers: ["api (write)"] } },
    { access: { consumers: [5, "a b (read-only)"] } },
    { access: { consumers: [{ service: "api (read-only)", access: "read-write" }] } },
    { access: { consumers: ["api (read-only)", { service: "api" }] } },
    { access: { consumers: [{ access: "read-only" }] } },
    { access: { consumers: [{ service: 7 }] } },
  ),
  ...more(
    "queue",
    { policies: { compliance: "pci" } },
    { policies: { compliance: "pci", audit_logging: "enabled" } },
  ),
  ...more(
    "queue",
    { policies: { compliance: "hipaa" } },
    { policies: { deletion_protection: "yes" } },
    { policies: { pii_handling: true } },
  ),
  ...more(
    "queue",
    { audit: "yes" },
    { audit: true, policies: { audit_logging: "disabled" } },
    { audit: true, policies: 5 },
  ),
  ...more(
    "queue",
    { audit: false, policies: { audit_logging: "enabled" } },
    { cache: { enabled: true } },
    change({}),
  ),
  ...more(
    "reader",
    { cache: {} },
    { cache: { enabled: "true" } },
    { cache: { enabled: true, backend: "memcached" } },
  ),
  ...more("reader", { cache: { enabled: false }, cdc: { enabled: true, destination: "cache_invalidator" } }),
  ...more("reader", { cache: 5, cdc: { enabled: true, destination: "cache_invalidator" } }),
  {
    wrong: "a strong reader with a cache",
    asks: request("reader", { consistency: "strong" }, { cache: { enabled: true } }),
  },
  ...more(
    "reader",
    change({ topic: "." }),
    change({ topic: ".." }),
    change({ topic: "a/b" }),
    change({ topic: "/a" }),
    change({ topic: "a/" }),
  ),
  ...more(
    "reader",
    change({ tables: [] }),
    change({ tables: "users" }),
    change({ tables: ["1a", "a-b", "-a", "a-"] }),
  ),
  ...more(
    "reader",
    change({ operations: [] }),
    change({ operations: ["SELECT"] }),
    change({ source: "mysql" }),
  ),
  ...more(
    "queue",
    { approval: "yes" },
    { approval: { approver: "", ticket: " " } },
    { approval: { approved_by: "a", approver: "b" } },
  ),

  ...expert(
    "queue",
    chain("wal", "outbox"),
    chain("wal", "wal"),
    chain("cache"),
    chain("event-sourcing"),
    chain("wall"),
  ),
  ...expert("keyvalue", chain("wal"), chain("cache", "cdc")),
  ...expert("transact", chain(), chain("wal"), { patterns: [{ type: "outbox", enabled: false }] }),
  ...expert(
    "queue",
    { patterns: [{ type: "wal", enabled: "no" }] },
    { patterns: "wal" },
    { patterns: [5] },
    { patterns: [{ typ: "wal" }] },
  ),
  ...expert(
    "queue",
    { backend: { type: "redis" } },
    { backend: { type: "s3" } },
    { backend: { type: "sqs" } },
    { backend: "kafka" },
  ),
  ...expert(
    "queue",
    { ...chain("tiered-storage"), backend: { type: "postgres" } },
    { ...chain("wal"), backend: { type: "nats" } },
  ),
  ...expert(
    "queue",
    {
      patterns: [
        {
          type: "outbox",
          config: { table: "Outbox", publisher: { interval: "0ms", batch_size: 0 }, database: "mysql" },
        },
      ],
    },
    {
      patterns: [
        {
          type: "claim-check",
          config: {
            threshold: 5,
            storage: { bucket: "B", prefix: " " },
            compression: "zip",
            cleanup: { strategy: "never", ttl: "x" },
          },
        },
      ],
    },
    { patterns: [{ type: "tiered-storage", config: { cold_tier: "tape", hot_tier_days: 0.5 } }] },
    {
      patterns: [
        { type: "wal", config: { fsync_enabled: "on" } },
        { type: "replay-store", config: { retention_days: "x" } },
      ],
    },
    { backend: { type: "kafka", config: { topic: "a b", partitions: -1, replicas: 3 } } },
    { backend: { type: "postgres", config: { connection_pool_size: 0, statement_timeout: "soon" } } },
  ),
  ...expert("reader", {
    patterns: [
      { type: "cache", config: { strategy: "write-through", backend: "memcached", key_pattern: "a b" } },
    ],
  }),
  ...expert("reader", {
    patterns: [
      { type: "cdc", config: { tables: [], operations: ["X"], sink: { topic: ".." }, consumers: ["mine"] } },
    ],
  }),
  ...expert("pubsub", { backend: { type: "nats", config: { subject: "a..b", replicas: 0 } } }),
  ...expert("keyvalue", { backend: { type: "redis", config: { prefix: "a b" } } }),
  ...more("queue", { ...chain("nonsense"), backend: { type: 5 } }),
];
