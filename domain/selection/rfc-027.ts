import { unreachable } from "../errors.ts";
import type { Chain } from "./choose.ts";
import type { NeedFacts } from "./needs.ts";
import { rfc027PatternRules } from "./pattern-rules.ts";
import type { Ruleset } from "./ruleset.ts";

const hundredGigabytes = 100_000_000_000;
const thirtyDays = 30 * 86_400_000;

/** RFC-027's algorithm, as the decision records correct it. */
export const rfc027: Ruleset = {
  name: "rfc-027/1",
  patterns: rfc027PatternRules,
  order,
  thresholds: {
    write_rps: [50_000],
    read_rps: [100_000],
    data_size: [hundredGigabytes],
    max_message_size: [1_000_000],
    retention: [thirtyDays],
  },
  rpsPerPartition: 500,
  replication: (strong) => (strong ? 3 : 2),
};

type Order = ReturnType<Ruleset["order"]>;

const first = (because: string, ...backends: Order["backends"]): Order => ({ backends, because });

function order(facts: NeedFacts, chain: Chain): Order {
  switch (facts.api) {
    case "keyvalue":
      if (facts.strong) return first("durability is strong", "postgres", "redis");
      if (facts.consistency === "strong") return first("consistency is strong", "postgres", "redis");
      if (facts.readRps > 100_000) return first("read_rps is more than 100000", "redis", "postgres");
      if (facts.dataBytes > hundredGigabytes)
        return first("data_size is more than 100GB", "postgres", "redis");
      return first("the default for keyvalue", "redis", "postgres");
    case "pubsub":
      if (chain.includes("claim-check")) return first("it carries claims of large messages", "kafka", "nats");
      if (facts.writeRps > 50_000) return first("write_rps is more than 50000", "kafka", "nats");
      return first("the default for pubsub", "nats", "kafka");
    case "queue":
      if (facts.ordered) return first("ordered is true", "kafka", "postgres");
      if (chain.includes("outbox")) return first("an outbox needs its database", "postgres", "kafka");
      return first("the default for queue", "kafka", "postgres");
    case "transact":
      return first("the only backend with transactions", "postgres");
    case "reader":
      return first("the default for reader", "postgres");
    default:
      return unreachable(facts.api);
  }
}
