import type { BackendKind, ClientApi, PatternType } from "../plan.ts";

/** What a backend can be asked for: to serve a client API, or to hold what a pattern keeps. */
export type Capability =
  | "keyvalue"
  | "pubsub"
  | "queue"
  | "reader"
  | "transact"
  | "outbox"
  | "claim-check"
  | "wal"
  | "replay-store"
  | "tiered-storage"
  | "cache"
  | "cdc";

/** Most of what one namespace may ask of a backend; no limit where it is left out. */
export type Limits = {
  readonly max_partitions?: number;
  /** Writes per second of a namespace whose backend this is. */
  readonly write_rps?: number;
  /** Writes per second into outbox, wal and replay-store. */
  readonly log_write_rps?: number;
  /** Bytes. */
  readonly max_data_size?: number;
};

export type BackendInventory = {
  /** Servers that can hold a replica. */
  readonly brokers: number;
  readonly capabilities: readonly Capability[];
  /** Client APIs for which these patterns cannot be had, though others can. */
  readonly withheld?: Partial<Readonly<Record<PatternType, readonly ClientApi[]>>>;
  readonly limits: Limits;
};

/** The backends there are and that this build can provision. How they feel today is no part of it. */
export type Inventory = { readonly [kind in BackendKind]?: BackendInventory };

/** All that each backend is ever asked for. What an inventory lacks of it is not built or not installed. */
const capabilities: Readonly<Record<BackendKind, readonly Capability[]>> = {
  kafka: ["pubsub", "queue", "tiered-storage", "cdc"],
  nats: ["pubsub"],
  redis: ["keyvalue", "cache"],
  postgres: [
    "keyvalue",
    "queue",
    "reader",
    "transact",
    "outbox",
    "wal",
    "replay-store",
    "tiered-storage",
    "cdc",
  ],
  s3: ["claim-check", "tiered-storage"],
};

const defaultLimits: Readonly<Record<BackendKind, Limits>> = {
  kafka: { max_partitions: 256 },
  nats: {},
  redis: { max_data_size: 100_000_000_000 },
  postgres: { write_rps: 10_000, log_write_rps: 50_000 },
  s3: {},
};

/** A backend as it is unless something else is known: one server, every capability, the default limits. */
export function backendOf(kind: BackendKind, known: Partial<BackendInventory> = {}): BackendInventory {
  return {
    brokers: 1,
    capabilities: capabilities[kind],
    ...known,
    limits: { ...defaultLimits[kind], ...known.limits },
  };
}
