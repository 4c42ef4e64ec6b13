import { backendOf, type Inventory } from "./inventory.ts";

/** Which servers there are. What is left out is not there. */
export type KnownServers = {
  readonly kafkaBrokers: number;
  readonly maxPartitions: number;
  readonly natsServers?: number;
  readonly redis?: boolean;
  /** A database for tenants' SQL. */
  readonly tenants?: boolean;
  readonly s3?: boolean;
};

/** A client API with a service gets no pattern that is not enforced: its data would be lost or refused. */
const withheld = { "claim-check": ["queue"], "tiered-storage": ["queue"] } as const;

/**
 * Change capture is not there: a replication slot that nobody reads keeps the server's log
 * until its disk is full (docs/decisions/085-tables-before-their-services.md).
 */
const ofTenants = ["reader", "transact", "outbox"] as const;

/**
 * The backends and capabilities that this build can really provision and reach through a
 * proxy; what is missing here is answered `UNIMPLEMENTED`, never half-served. A namespace
 * whose client API has no service yet is made, probed and shown, and calls to it answer
 * `UNIMPLEMENTED`.
 */
export const inventoryOfThisBuild = (known: KnownServers): Inventory => ({
  kafka: backendOf("kafka", {
    brokers: known.kafkaBrokers,
    capabilities: ["queue", "pubsub", "tiered-storage"],
    limits: { max_partitions: known.maxPartitions },
  }),
  postgres: backendOf("postgres", {
    capabilities: [
      "keyvalue",
      "wal",
      "replay-store",
      "tiered-storage",
      ...(known.tenants === true ? ofTenants : []),
    ],
    withheld: { outbox: ["queue"] },
  }),
  ...(known.natsServers === undefined
    ? {}
    : { nats: backendOf("nats", { brokers: known.natsServers, capabilities: ["pubsub"] }) }),
  ...(known.redis === true ? { redis: backendOf("redis", { capabilities: ["keyvalue", "cache"] }) } : {}),
  ...(known.s3 === true
    ? { s3: backendOf("s3", { capabilities: ["claim-check", "tiered-storage"], withheld }) }
    : {}),
});
