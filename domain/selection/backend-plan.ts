import { PrismError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { BackendKind, PlannedPattern, Resource } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";
import { partitions, replication, type Sized } from "./capacity.ts";
import { type BackendInventory, backendOf, type Inventory } from "./inventory.ts";
import { messageTopic } from "./kafka-resources.ts";
import { largestInline } from "./largest-inline.ts";
import { kafkaTopic, natsStream, natsSubject, postgresSchema, postgresTable, redisPrefix } from "./names.ts";
import { redisAccess, table } from "./pattern-resources.ts";
import type { Ruleset } from "./ruleset.ts";

/** How a chosen backend is set up for a namespace. `lines`: what was counted, and why. */
export type BackendPlan = {
  readonly config: JsonObject;
  readonly resources: readonly Resource[];
  readonly lines: readonly (Omit<Sized, "value"> & { readonly rule: string })[];
};

export function backendPlan(
  kind: BackendKind,
  request: NamespaceRequest,
  patterns: readonly PlannedPattern[],
  known: { inventory: Inventory; ruleset: Ruleset },
): BackendPlan {
  const written = request.backend?.type === kind ? request.backend.config : {};
  switch (kind) {
    case "kafka":
      return onKafka(request, patterns, written, known);
    case "nats":
      return onNats(request, patterns, written, known);
    case "redis":
      return onRedis(request, written);
    case "postgres":
      return onPostgres(request, patterns, written);
    case "s3":
      throw new PrismError("INTERNAL", "s3 serves no client API by itself");
  }
}

/** Partitions and replicas of a topic, also of one that only carries changes. */
export function topicSize(
  request: NamespaceRequest,
  written: { partitions?: number; replication?: number },
  { inventory, ruleset }: { inventory: Inventory; ruleset: Ruleset },
): { partitions: Sized; replication: Sized } {
  const { needs } = request;
  const { limits, brokers }: BackendInventory = inventory.kafka ?? backendOf("kafka");
  const strong = needs.durability === "strong";
  const exactly = written.partitions ?? needs.kafka_partitions;
  const asked = {
    writeRps: needs.write_rps,
    readRps: needs.read_rps,
    exactly,
    rpsPerPartition: ruleset.rpsPerPartition,
  };
  const copies = written.replication ?? ruleset.replication(strong);
  const because =
    written.replication === undefined
      ? `${copies} for durability ${needs.durability}`
      : `${copies} were asked for`;
  return {
    partitions: partitions(asked, limits.max_partitions),
    replication: replication(copies, because, brokers),
  };
}

function onKafka(
  request: NamespaceRequest,
  patterns: readonly PlannedPattern[],
  written: JsonObject,
  known: { inventory: Inventory; ruleset: Ruleset },
): BackendPlan {
  const size = topicSize(request, written, known);
  const topic =
    (written.topic as string | undefined) ??
    kafkaTopic(request.namespace, request.client_api as "queue" | "pubsub");
  const config = { topic, partitions: size.partitions.value, replication: size.replication.value };
  return {
    config,
    resources: messageTopic(request, patterns, { name: topic, ...config }),
    lines: [
      { rule: "partitions", ...size.partitions },
      { rule: "replication", ...size.replication },
    ],
  };
}

function onNats(
  request: NamespaceRequest,
  patterns: readonly PlannedPattern[],
  written: JsonObject,
  { inventory }: { inventory: Inventory },
): BackendPlan {
  const { namespace, needs } = request;
  const wanted = (written.replicas as number | undefined) ?? (needs.durability === "strong" ? 3 : 1);
  const replicas = replication(
    wanted,
    written.replicas === undefined
      ? `${wanted} for durability ${needs.durability}`
      : `${wanted} were asked for`,
    (inventory.nats ?? backendOf("nats")).brokers,
    "backend.config.replicas",
  );
  const subject = (written.subject as string | undefined) ?? natsSubject(namespace);
  const { retention = "7days" } = needs;
  const max_message_size = largestInline(request, patterns);
  return {
    config: { subject, replicas: replicas.value },
    resources: [
      {
        backend: "nats",
        kind: "stream",
        name: natsStream(namespace),
        config: { subject, replicas: replicas.value, retention, max_message_size },
      },
    ],
    lines: [{ rule: "replicas", ...replicas }, ...(isLogged(patterns) ? [] : [beforeDisk(needs.durability)])],
  };
}

const isLogged = (patterns: readonly PlannedPattern[]): boolean =>
  patterns.some(({ type }) => type === "wal");

function beforeDisk(durability: string) {
  const early = "JetStream acknowledges before the disk has it";
  const cure = durability === "strong" ? "a wal in the chain" : "durability 'strong'";
  const message = `${early}: a server that loses power loses what came last; ${cure} puts a log on disk in front`;
  return {
    rule: "acknowledgement",
    because: `${early}, and no log stands in front`,
    warning: { field: "needs.durability", message },
  };
}

function onRedis({ namespace, needs }: NamespaceRequest, written: JsonObject): BackendPlan {
  const prefix = (written.prefix as string | undefined) ?? redisPrefix(namespace);
  const { data_size } = needs;
  return { config: { prefix }, resources: [redisAccess(namespace, { prefix, data_size })], lines: [] };
}

const defaultPoolSize = 10;

function onPostgres(
  request: NamespaceRequest,
  patterns: readonly PlannedPattern[],
  written: JsonObject,
): BackendPlan {
  const { needs } = request;
  const asked = (written.connection_pool_size as number | undefined) ?? needs.postgres_pool_size;
  const size = asked ?? defaultPoolSize;
  const because = asked === undefined ? `${size} unless asked for otherwise` : `${size} were asked for`;
  return {
    config: { connection_pool_size: size, statement_timeout: written.statement_timeout ?? "30s" },
    resources: postgresResources(request, patterns),
    lines: [{ rule: "connection_pool_size", because }],
  };
}

function postgresResources(
  request: NamespaceRequest,
  patterns: readonly PlannedPattern[],
): readonly Resource[] {
  const { namespace, client_api } = request;
  const schema = table("schema", postgresSchema(namespace), { database: "tenants" });
  const queue = postgresTable("queue", namespace);
  switch (client_api) {
    case "keyvalue":
      return [table("keyvalue-table", postgresTable("kv", namespace), { database: "data" })];
    case "queue":
    case "pubsub":
      return patterns.some(({ type }) => type === "outbox")
        ? [schema, table("queue-table", queue, { database: "tenants", schema: schema.name })]
        : [table("queue-table", queue, { database: "data" })];
    case "transact":
      return [schema, table("queue-table", queue, { database: "tenants", schema: schema.name })];
    case "reader":
      return [schema];
  }
}
