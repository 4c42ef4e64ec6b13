import type { JsonObject } from "../json.ts";
import type { BackendKind, ClientApi, PatternType } from "../plan.ts";

/**
 * What a client asks for, in its one normal form: defaults filled in, every size and
 * duration in its one spelling (`100GB`, `30days`), rates as numbers. Normalising it
 * again changes nothing. Plain JSON, so that it can stand in an event as it is.
 */
export type NamespaceRequest = {
  readonly namespace: string;
  readonly team: string;
  readonly client_api: ClientApi;
  readonly needs: Needs;
  readonly access: Access;
  readonly policies: Policies;
  /** Readers only. */
  readonly cache?: CacheWish;
  /** Readers only. */
  readonly cdc?: CdcWish;
  /** Experts only: replaces the rules that choose patterns. */
  readonly patterns?: readonly PatternWish[];
  /** Experts only: replaces the rules that choose the backend. */
  readonly backend?: BackendWish;
  /** A claim for the approver to check, never a grant. */
  readonly approval?: { readonly approver?: string; readonly ticket?: string };
};

export type Durability = "strong" | "eventual" | "best-effort";
export type Consistency = "strong" | "eventual" | "bounded_staleness";
export type Switch = "enabled" | "disabled";

/** The optional ones are absent where they do not fit the client API, or were not asked for. */
export type Needs = {
  readonly durability: Durability;
  readonly consistency: Consistency;
  readonly write_rps: number;
  readonly read_rps: number;
  readonly concurrent_connections: number;
  readonly data_size: string;
  readonly replay?: Switch;
  readonly retention?: string;
  readonly ttl?: string;
  readonly max_message_size?: string;
  readonly ordered?: boolean;
  readonly max_staleness?: string;
  readonly delivery_guarantee?: "at_least_once" | "exactly_once";
  readonly query_complexity?: "low" | "high";
  readonly data_model?: "relational" | "graph";
  readonly cleanup?: "on_consume" | "ttl";
  readonly storage_backend?: "s3";
  readonly backend_preference?: BackendKind;
  readonly kafka_partitions?: number;
  readonly postgres_pool_size?: number;
};

export type AccessMode = "read-write" | "read-only";

export type Access = {
  readonly owners: readonly { readonly team: string }[];
  readonly consumers: readonly { readonly service: string; readonly access: AccessMode }[];
};

export type Policies = {
  readonly pii_handling: Switch;
  readonly audit_logging: Switch;
  readonly compliance: "none" | "pci";
  readonly deletion_protection: boolean;
};

export type CacheWish = { readonly enabled: boolean; readonly backend: "redis"; readonly ttl?: string };

export type CdcWish = {
  readonly enabled: boolean;
  readonly source: "postgres";
  readonly destination: "kafka" | "cache_invalidator";
  readonly topic?: string;
  /** Absent: every table of the namespace. */
  readonly tables?: readonly string[];
  readonly operations: readonly ("INSERT" | "UPDATE" | "DELETE")[];
};

export type PatternWish = {
  readonly type: PatternType;
  readonly enabled: boolean;
  readonly config: JsonObject;
};
export type BackendWish = { readonly type: BackendKind; readonly config: JsonObject };
