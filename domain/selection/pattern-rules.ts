import { unreachable } from "../errors.ts";
import type { ClientApi, PatternType } from "../plan.ts";
import type { NeedFacts } from "./needs.ts";

/** When a pattern belongs into the chain. `because` says which need decided, for either outcome. */
export type PatternRule = {
  readonly pattern: PatternType;
  readonly fires: (facts: NeedFacts) => boolean;
  readonly because: (facts: NeedFacts) => string;
};

const oneMegabyte = 1_000_000;
const thirtyDays = 30 * 86_400_000;
const messages = ({ api }: NeedFacts): boolean => api === "queue" || api === "pubsub";

/** Rules 1 to 7 of `rfc-027/1`, in the order of the chain. */
export const rfc027PatternRules: readonly PatternRule[] = [
  {
    pattern: "outbox",
    fires: (facts) => facts.api === "transact" || (messages(facts) && facts.exactlyOnce),
    because: (facts) => {
      if (facts.api === "transact") return "transact publishes what its transactions commit";
      if (!messages(facts)) return `${facts.api} publishes nothing`;
      return facts.exactlyOnce ? "delivery_guarantee is exactly_once" : "delivery_guarantee is at_least_once";
    },
  },
  {
    pattern: "claim-check",
    fires: (facts) => facts.messageBytes > oneMegabyte,
    because: (facts) => {
      if (facts.messageBytes === 0) return `${facts.api} has no messages`;
      return facts.messageBytes > oneMegabyte
        ? "max_message_size is more than 1MB"
        : "max_message_size is at most 1MB";
    },
  },
  {
    pattern: "wal",
    fires: (facts) => facts.strong && (messages(facts) || facts.api === "transact"),
    because: (facts) => {
      if (!messages(facts) && facts.api !== "transact") return `${facts.api} keeps no log`;
      return facts.strong ? "durability is strong" : "durability is not strong";
    },
  },
  {
    pattern: "replay-store",
    fires: (facts) => facts.replay,
    because: (facts) => (facts.replay ? "replay is enabled" : "replay is not enabled"),
  },
  {
    pattern: "tiered-storage",
    fires: (facts) => messages(facts) && facts.retentionMs > thirtyDays,
    because: (facts) => {
      if (!messages(facts)) return "only queue and pubsub are tiered";
      return facts.retentionMs > thirtyDays
        ? "retention is more than 30 days"
        : "retention is at most 30 days";
    },
  },
  {
    pattern: "cache",
    fires: (facts) =>
      facts.api === "reader"
        ? facts.cache
        : facts.api === "keyvalue" && facts.ttl && !facts.strong && facts.consistency !== "strong",
    because: (facts) => {
      if (facts.api === "reader") return facts.cache ? "cache is enabled" : "cache is not enabled";
      if (facts.api !== "keyvalue") return `${facts.api} is not cached`;
      if (!facts.ttl) return "there is no ttl";
      if (facts.strong) return "durability is strong, and a cache may lose what it holds";
      return facts.consistency === "strong"
        ? "consistency is strong, and a cache may be late"
        : "values have a ttl";
    },
  },
  {
    pattern: "cdc",
    fires: (facts) => facts.cdc,
    because: (facts) => {
      if (!facts.cdc) return "cdc is not enabled";
      return facts.cache ? "cdc is enabled, and invalidates the cache" : "cdc is enabled";
    },
  },
];

/** The field by which a client asks for a pattern without knowing it. */
export function askedAt(pattern: PatternType, api: ClientApi): string {
  switch (pattern) {
    case "outbox":
      return api === "transact" ? "client_api" : "needs.delivery_guarantee";
    case "claim-check":
      return "needs.max_message_size";
    case "wal":
      return "needs.durability";
    case "replay-store":
      return "needs.replay";
    case "tiered-storage":
      return "needs.retention";
    case "cache":
      return api === "reader" ? "cache.enabled" : "needs.ttl";
    case "cdc":
      return "cdc.enabled";
    default:
      return unreachable(pattern);
  }
}
