import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  changeTopic,
  kafkaTopic,
  loginName,
  natsStream,
  natsSubject,
  postgresChanges,
  postgresSchema,
  postgresTable,
  redisPrefix,
  s3Bucket,
} from "../../../domain/selection/names.ts";

const longest = `orders-${"x".repeat(57)}`;

describe("physical names", () => {
  it("are those the RFC shows", () => {
    expect(kafkaTopic("order-processing", "queue")).toBe("order-processing-queue");
    expect(kafkaTopic("video-uploads", "pubsub")).toBe("video-uploads-pubsub");
    expect(postgresTable("wal", "order-processing")).toBe("wal_order_processing");
    expect(postgresTable("replay", "order-processing")).toBe("replay_order_processing");
    expect(postgresSchema("order-processing")).toBe("ns_order_processing");
  });

  it("are cut to 63 characters with a hash where they are longer", () => {
    expect(postgresTable("replay", longest)).toMatch(/^replay_orders_x+__[0-9a-z]{8}$/);
    expect(postgresTable("replay", longest)).toHaveLength(63);
    expect(s3Bucket(longest)).toMatch(/^prism-orders-x+--[0-9a-z]{8}$/);
    expect(s3Bucket(longest)).toHaveLength(63);
    expect(postgresSchema(longest)).toMatch(/^ns_orders_x{43}__[0-9a-z]{8}$/);
    expect(postgresChanges(longest)).toMatch(/^cdc_orders_x{42}__[0-9a-z]{8}$/);
    expect(postgresTable("kv", "x".repeat(60))).toBe(`kv_${"x".repeat(60)}`);
  });

  it("keep a change topic below its namespace and within Kafka's 249 characters", () => {
    expect(changeTopic("user-profiles", "user-profile-changes")).toBe("user-profiles.user-profile-changes");
    expect(changeTopic(longest, "t".repeat(184))).toBe(`${longest}.${"t".repeat(184)}`);
    expect(changeTopic(longest, "t".repeat(185))).toHaveLength(249);
    expect(changeTopic(longest, "t".repeat(200))).toMatch(/^orders-x+\.t+\.\.[0-9a-z]{8}$/);
    expect(changeTopic(longest, "t".repeat(200))).toHaveLength(249);
    expect(changeTopic(longest, `${"t".repeat(199)}u`)).not.toBe(changeTopic(longest, "t".repeat(200)));
  });

  it("tell a namespace's lives apart, and fit into 63 characters in Postgres", () => {
    expect(loginName("postgres", { namespace: "order-processing", incarnation: 2 })).toBe(
      "prism_order_processing_2",
    );
    for (const backend of ["kafka", "nats", "s3"] as const)
      expect(loginName(backend, { namespace: "orders", incarnation: 12 })).toBe("prism.orders.12");
    expect(loginName("redis", { namespace: "orders", incarnation: 12 })).toBe("orders");
    const long = loginName("postgres", { namespace: longest, incarnation: 12 });
    expect(long).toMatch(/^prism_orders_x+__[0-9a-z]{8}_12$/);
    expect(long).toHaveLength(63);
  });

  it("never are the same for two of 10,000 namespaces", () => {
    const owners = new Map<string, string>();
    for (const one of new Set(fc.sample(namespace, 10_000))) {
      for (const name of allNames(one)) {
        expect(owners.get(name) ?? one, `${name} belongs to two`).toBe(one);
        owners.set(name, one);
      }
    }
    expect(owners.size).toBeGreaterThan(10_000);
  });
});

/** Names that like to collide: few letters, words that Prism itself appends, lengths around the limit. */
const word = fc.oneof(
  fc.constantFrom("queue", "pubsub", "wal", "replay", "ns", "a", "b", "prism"),
  fc.integer({ min: 50, max: 60 }).map((length) => "x".repeat(length)),
);
const namespace = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .map((words) => words.join("-").slice(0, 64).replace(/-$/, ""));

const tables = ["wal", "replay", "outbox", "queue", "kv", "tier"] as const;

/** Every name a namespace may take, each with the backend and kind within which it must be alone. */
const allNames = (name: string): string[] => [
  ...tables.map((kind) => `relation ${postgresTable(kind, name)}`),
  `schema ${postgresSchema(name)}`,
  `slot ${postgresChanges(name)}`,
  `topic ${kafkaTopic(name, "queue")}`,
  `topic ${kafkaTopic(name, "pubsub")}`,
  `topic ${changeTopic(name, "changes")}`,
  `stream ${natsStream(name)}`,
  `subject ${natsSubject(name)}`,
  `keys ${redisPrefix(name)}`,
  `bucket ${s3Bucket(name)}`,
];
