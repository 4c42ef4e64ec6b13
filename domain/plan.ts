import type { Json, JsonObject } from "./json.ts";

export const clientApis = ["keyvalue", "pubsub", "queue", "reader", "transact"] as const;
export type ClientApi = (typeof clientApis)[number];

export const backendKinds = ["kafka", "nats", "redis", "postgres", "s3"] as const;
export type BackendKind = (typeof backendKinds)[number];

/** In the order in which a publish passes them; `cache` and `cdc` stand on the read side. */
export const patternTypes = [
  "outbox",
  "claim-check",
  "wal",
  "replay-store",
  "tiered-storage",
  "cache",
  "cdc",
] as const;
export type PatternType = (typeof patternTypes)[number];

/** One real thing in a backend. `name` is its physical name there, `config` all that is promised of it. */
export type Resource = {
  readonly backend: BackendKind;
  /** topic, client-quota, table, … : a word of the backend's own. */
  readonly kind: string;
  readonly name: string;
  readonly config: JsonObject;
};

export type PlannedPattern = {
  readonly type: PatternType;
  /** The proxy that lacks this version of the pattern does not acknowledge the directory. */
  readonly version: number;
  readonly config: JsonObject;
};

export type PlannedPolicy = { readonly policy: string; readonly enforced: boolean; readonly because: string };

/**
 * How and where: what the hash covers, what is approved, applied, recorded and replayed.
 * The shard is no part of it: where a namespace is served may change without a new promise.
 */
export type Plan = {
  readonly ruleset: string;
  readonly patterns: readonly PlannedPattern[];
  readonly backend: { readonly type: BackendKind; readonly config: JsonObject };
  readonly resources: readonly Resource[];
  readonly policies: readonly PlannedPolicy[];
};

/** Why the plan is as it is, for a person to read and for a test to replay. */
export type Trace = {
  readonly rules: readonly { readonly rule: string; readonly fired: boolean; readonly because: string }[];
  readonly backends: readonly {
    readonly backend: string;
    readonly chosen: boolean;
    readonly because: string;
  }[];
  /** For each other backend the smallest change of one need that would have chosen it; values as a request writes them. */
  readonly flips: readonly Flip[];
  /** All that was looked at: selecting by it again gives the same plan, whatever has changed since. */
  readonly facts: JsonObject;
};

/** `from` is null where the need was left out. */
export type Flip = {
  readonly need: string;
  readonly from: Json;
  readonly to: Json;
  readonly backend: BackendKind;
};

export type Warning = { readonly field: string; readonly message: string };

/** What selection answers. `hash` is the SHA-256 of the plan's canonical JSON. */
export type Selection = {
  readonly plan: Plan;
  readonly trace: Trace;
  readonly hash: string;
  readonly warnings: readonly Warning[];
  /** The fields that need a platform member's word before the plan may be carried out; empty: none. */
  readonly approval: readonly { readonly field: string; readonly because: string }[];
};
