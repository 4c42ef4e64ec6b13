import type { BackendKind, PatternType } from "../plan.ts";
import { type Fields, object } from "./fields.ts";
import { choice, flag, type Kind, listOf, text } from "./kind.ts";
import { count, duration, size } from "./quantity.ts";

/** Settings of patterns and backends that only the platform role may write. None has a default here: the ruleset does. */

const sqlName = text(
  /^[a-z_][a-z0-9_]*$/,
  "lower-case letters, digits and underscores, at most 63 characters",
  63,
);
const topicName = text(
  /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/,
  "letters, digits, '.', '_' and '-', at most 249 characters",
  249,
);
const bucketName = text(
  /^[a-z0-9][a-z0-9.-]+[a-z0-9]$/,
  "lower-case letters, digits, '.' and '-', 3 to 63 characters",
  63,
);
const prefix = text(/^[A-Za-z0-9._:/-]+$/, "letters, digits and . _ : / -");
const subject = text(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.>)?$/, "a NATS subject such as orders.>");
const keyPattern = text(/^[^\s]+$/, "a pattern such as user:{id}:profile");

const fields = (kinds: Readonly<Record<string, readonly [Kind, string]>>): Fields =>
  Object.fromEntries(Object.entries(kinds).map(([name, [kind, summary]]) => [name, { kind, summary }]));

export const patternConfig: Readonly<Record<PatternType, Kind>> = {
  wal: object(fields({ fsync_enabled: [flag, "Whether an acknowledgement waits for the disk"] })),
  "replay-store": object(fields({ retention_days: [count, "Days a message can be replayed"] })),
  outbox: object(
    fields({
      database: [choice(["postgres"]), "Where the outbox is"],
      table: [sqlName, "The outbox table"],
      publisher: [
        object(
          fields({
            interval: [duration({ milliseconds: true }), "How often the outbox is read"],
            batch_size: [count, "Rows relayed at one time"],
          }),
        ),
        "How the outbox is relayed",
      ],
    }),
  ),
  "claim-check": object(
    fields({
      threshold: [size, "Larger payloads are stored beside the broker"],
      storage: [
        object(
          fields({
            backend: [choice(["s3"]), "Where"],
            bucket: [bucketName, "Which bucket"],
            prefix: [prefix, "Below which prefix"],
          }),
        ),
        "Where payloads are stored",
      ],
      compression: [choice(["none", "gzip"]), "How payloads are packed"],
      cleanup: [
        object(
          fields({
            strategy: [choice(["on_consume", "ttl"]), "When a payload is removed"],
            ttl: [
              duration({ seconds: true, forever: true, milliseconds: true }),
              "When it is removed at the latest",
            ],
          }),
        ),
        "How payloads go",
      ],
    }),
  ),
  "tiered-storage": object(
    fields({
      hot_tier_days: [count, "Days in Kafka"],
      warm_tier_days: [count, "Days until a message leaves Postgres"],
      cold_tier: [choice(["s3"]), "Where it goes then"],
    }),
  ),
  cache: object(
    fields({
      strategy: [
        choice(["look-aside"], { "write-through": "only look-aside is" }),
        "How the cache is filled",
      ],
      backend: [choice(["redis"]), "Where it is"],
      ttl: [duration({ seconds: true, milliseconds: true }), "When an entry expires"],
      key_pattern: [keyPattern, "How keys are made"],
    }),
  ),
  cdc: object(
    fields({
      tables: [listOf(sqlName, 1), "Which tables"],
      operations: [listOf(choice(["INSERT", "UPDATE", "DELETE"]), 1), "Which changes"],
      sink: [
        object(fields({ backend: [choice(["kafka"]), "Where to"], topic: [topicName, "Which topic"] })),
        "Where changes go",
      ],
      consumers: [listOf(choice(["cache_invalidator"])), "Who of Prism's own listens"],
    }),
  ),
};

export const backendConfig: Readonly<Record<BackendKind, Kind>> = {
  kafka: object(
    fields({
      topic: [topicName, "The topic"],
      partitions: [count, "How many partitions"],
      replication: [count, "How many replicas"],
    }),
  ),
  postgres: object(
    fields({
      connection_pool_size: [count, "Connections of the pool"],
      statement_timeout: [duration({ milliseconds: true }), "When a statement is given up"],
    }),
  ),
  nats: object(fields({ subject: [subject, "The subject"], replicas: [count, "How many replicas"] })),
  redis: object(fields({ prefix: [prefix, "What keys begin with"] })),
  s3: object(fields({ bucket: [bucketName, "Which bucket"], prefix: [prefix, "Below which prefix"] })),
};
