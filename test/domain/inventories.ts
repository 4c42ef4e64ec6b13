import { backendOf, type Inventory } from "../../domain/selection/inventory.ts";

/** What the golden table is pinned to: three brokers, everything there. */
export const everything: Inventory = {
  kafka: backendOf("kafka", { brokers: 3 }),
  nats: backendOf("nats", { brokers: 3 }),
  redis: backendOf("redis"),
  postgres: backendOf("postgres"),
  s3: backendOf("s3"),
};

/** A developer's machine, before the other backends are built. */
export const development: Inventory = { kafka: backendOf("kafka"), postgres: backendOf("postgres") };
