import { planChange } from "../../domain/namespace/change.ts";
import type { Plan, Resource } from "../../domain/plan.ts";
import { inventoryOfThisBuild } from "../../domain/selection/this-build.ts";
import { accepted } from "../domain/asking.ts";

/** Requests that between them use all five backends. */
const needsOf = {
  /** Kafka and Postgres. */
  orders: ["queue", { durability: "strong", replay: "enabled", ordered: true, retention: "30days" }],
  /** Kafka, Postgres and S3: RFC-027's second example. */
  videos: [
    "pubsub",
    { durability: "strong", replay: "enabled", max_message_size: "50MB", retention: "90days" },
  ],
  /** NATS, with a log in Postgres before it. */
  events: ["pubsub", { durability: "strong", retention: "30days" }],
  /** Redis. */
  profiles: ["keyvalue", { ttl: "15min" }],
  /** Postgres alone: a schema of its own. */
  payments: ["transact", {}],
} as const;

export type Kind = keyof typeof needsOf;
export const everyKind = Object.keys(needsOf) as readonly Kind[];
/** Those that something can be changed of: a schema is as it is. */
export const kinds = everyKind.filter((kind) => kind !== "payments");

/** Needs that replace those of the kind: what a merge patch is. */
export type Change = Readonly<Record<string, unknown>>;

export const requestOf = (kind: Kind, namespace: string, change: Change = {}) => {
  const [client_api, needs] = needsOf[kind];
  return {
    namespace,
    team: "payments-team",
    client_api,
    needs: { ...needs, ...change },
    access: { owners: [{ team: "payments-team" }], consumers: [{ service: "order-api" }] },
  };
};

/** Within the one partition that they begin with: fewer are never made of more again. */
export const changeOf = (kind: Kind): Change => ({
  write_rps: 300,
  ...(kind === "orders" || kind === "events" ? { retention: "100h" } : {}),
});

/** How the servers have a namespace of the kind after the change, where they had it like this before. */
export const changedIn = (
  before: Readonly<Record<string, string>>,
  { write_rps, retention }: Change,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(before).map(([name, settings]) => {
      const rated = settings.replace(
        /producer_byte_rate=\d+/,
        `producer_byte_rate=${Number(write_rps) * 1e6}`,
      );
      if (retention === undefined) return [name, rated];
      const keptMs = Number.parseInt(String(retention), 10) * 3_600_000;
      return [
        name,
        rated
          .replace(/retention\.ms=\d+/, `retention.ms=${keptMs}`)
          .replace(/max_age=\d+/, `max_age=${keptMs}000000`),
      ];
    }),
  );

const inventory = inventoryOfThisBuild({
  kafkaBrokers: 1,
  maxPartitions: 256,
  natsServers: 1,
  redis: true,
  tenants: true,
  s3: true,
});

const planOf = (kind: Kind, namespace: string, change: Change = {}): Plan =>
  accepted(requestOf(kind, namespace, change), { inventory }).selection.plan;

export const resourcesOf = (kind: Kind, namespace: string): readonly Resource[] =>
  planOf(kind, namespace).resources;

/** Of these a change makes others. */
export const changedBy = (kind: Kind, namespace: string, change: Change): readonly Resource[] =>
  planChange(planOf(kind, namespace), planOf(kind, namespace, change)).changed;
