import { backendOf, type Inventory } from "./inventory.ts";

/**
 * The backends and capabilities that this build can really provision and serve; what is
 * missing here is answered `UNIMPLEMENTED`, never half-served.
 */
export const inventoryOfThisBuild = (known: { kafkaBrokers: number; maxPartitions: number }): Inventory => ({
  kafka: backendOf("kafka", {
    brokers: known.kafkaBrokers,
    capabilities: ["queue"],
    limits: { max_partitions: known.maxPartitions },
  }),
  postgres: backendOf("postgres", { capabilities: ["wal", "replay-store"] }),
});
