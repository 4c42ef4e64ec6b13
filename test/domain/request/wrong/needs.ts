import { request } from "../../asking.ts";
import { invalid, queue, root, type WrongRequest } from "./wrong-request.ts";

/** Needs that do not fit the client API, or one another. */
export const wrongNeeds: readonly WrongRequest[] = [
  {
    wrong: "a message size on keyvalue",
    asks: request("keyvalue", { max_message_size: "50MB" }),
    all: invalid("needs.max_message_size"),
    cure: "Remove 'max_message_size' (KeyValue uses fixed-size values), or use client_api 'queue' or 'pubsub' or 'transact'",
  },
  {
    wrong: "needs of messages on keyvalue, even at their defaults",
    asks: request("keyvalue", { retention: "7days", ordered: false, replay: "disabled" }),
    all: invalid("needs.replay", "needs.retention", "needs.ordered"),
    cure: "Remove 'replay', or use client_api 'queue' or 'pubsub' or 'transact'",
  },
  {
    wrong: "a ttl on a queue",
    asks: queue({ ttl: "15min" }),
    all: invalid("needs.ttl"),
    cure: "Remove 'ttl' (Messages live as long as needs.retention says), or use client_api 'keyvalue' or 'reader'",
  },
  {
    wrong: "queries on a pubsub",
    asks: request("pubsub", { query_complexity: "high", data_model: "relational" }),
    all: invalid("needs.query_complexity", "needs.data_model"),
    cure: "Remove 'query_complexity', or use client_api 'reader'",
  },
  {
    wrong: "a cache and cdc on a queue",
    asks: queue({}, { cache: { enabled: false }, cdc: { enabled: true } }),
    all: invalid("cache", "cdc"),
    cure: "Remove 'cache', or use client_api 'reader'",
  },
  {
    wrong: "cleanup and delivery on a reader",
    asks: request("reader", { cleanup: "ttl", storage_backend: "s3", delivery_guarantee: "at_least_once" }),
    all: invalid("needs.delivery_guarantee", "needs.cleanup", "needs.storage_backend"),
    cure: "Remove 'delivery_guarantee', or use client_api 'queue' or 'pubsub' or 'transact'",
  },
  {
    wrong: "an eventual transaction",
    asks: request("transact", { consistency: "eventual" }),
    all: invalid("needs.consistency"),
    cure: "Leave needs.consistency out: transactions are always strong",
  },
  {
    wrong: "bounded staleness on a queue",
    asks: queue({ consistency: "bounded_staleness" }),
    all: invalid("needs.consistency"),
    cure: "Use client_api 'reader' or 'keyvalue' for bounded staleness",
  },
  {
    wrong: "bounded staleness without its bound",
    asks: request("reader", { consistency: "bounded_staleness" }),
    all: invalid("needs.max_staleness"),
    cure: "Add max_staleness, such as 5min",
  },
  {
    wrong: "a bound without bounded staleness",
    asks: request("keyvalue", { max_staleness: "5min" }),
    all: invalid("needs.max_staleness"),
    cure: "Use consistency 'bounded_staleness', or remove max_staleness",
  },
  {
    wrong: "consumed messages removed and replayed",
    asks: queue({ cleanup: "on_consume", replay: "enabled" }),
    all: invalid("needs.cleanup"),
    cure: "Use cleanup 'ttl', or replay 'disabled'",
  },
  {
    wrong: "a message of more than 5GB, whoever asks",
    asks: request("pubsub", { max_message_size: "5GiB" }),
    given: root,
    all: invalid("needs.max_message_size"),
    cure: "Split the payload",
  },
  {
    wrong: "a cache that is always right",
    asks: request("reader", { consistency: "strong" }, { cache: { enabled: true } }),
    all: invalid("cache.enabled"),
    cure: "Use consistency 'eventual' or 'bounded_staleness', or no cache",
  },
  {
    wrong: "a cache that does not say whether it is on",
    asks: request("reader", {}, { cache: { ttl: 900 } }),
    all: invalid("cache.enabled"),
    cure: "Add 'enabled': true or false",
  },
  {
    wrong: "a ttl on a reader without a cache",
    asks: request("reader", { ttl: 900 }),
    all: invalid("needs.ttl"),
    cure: "Add 'cache: {enabled: true}', or remove ttl",
  },
  {
    wrong: "an invalidator without a cache",
    asks: request("reader", {}, { cdc: { enabled: true, destination: "cache_invalidator" } }),
    all: invalid("cdc.destination"),
    cure: "Add 'cache: {enabled: true}', or use destination 'kafka'",
  },
  {
    wrong: "pci without what it requires",
    asks: queue({}, { policies: { compliance: "pci", audit_logging: "enabled" } }),
    all: invalid("policies.compliance"),
    cure: "Set pii_handling to 'enabled'",
  },
  {
    wrong: "graph data",
    asks: request("reader", { data_model: "graph" }),
    all: ["UNIMPLEMENTED needs.data_model"],
    cure: "Use data_model 'relational'",
  },
  {
    wrong: "graph data in a request that is wrong otherwise: selection is not reached",
    asks: request("reader", { data_model: "graph", write_rps: "many" }),
    all: invalid("needs.write_rps"),
    cure: "Write whole requests per second, such as 5000 or 10k",
  },
  {
    wrong: "more writes than any backend of keyvalue takes durably",
    asks: request("keyvalue", { durability: "strong", write_rps: 20_000 }),
    all: invalid("needs.write_rps"),
    cure: "Lower needs.write_rps to at most 10000",
  },
  {
    wrong: "more writes than the log takes",
    asks: queue({ durability: "strong", write_rps: 60_000 }),
    all: invalid("needs.write_rps"),
    cure: "Lower needs.write_rps to at most 50000, or ask for no log: durability 'eventual', no replay",
  },
];
