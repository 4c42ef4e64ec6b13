import { request } from "../../asking.ts";
import { invalid, queue, root, type WrongRequest } from "./wrong-request.ts";

/** What only the platform role may write, and what even it may not. */
export const wrongBoundaries: readonly WrongRequest[] = [
  {
    wrong: "a team's own patterns, whatever they say",
    asks: queue({}, { patterns: "nonsense" }),
    all: ["BOUNDARY_VIOLATION patterns"],
    cure: "Remove 'patterns': Prism chooses from needs",
  },
  {
    wrong: "a team's own backend and patterns",
    asks: queue({}, { patterns: [{ type: "cache" }], backend: { type: "redis", colour: "red" } }),
    all: ["BOUNDARY_VIOLATION patterns", "BOUNDARY_VIOLATION backend"],
    cure: "Remove 'patterns': Prism chooses from needs",
  },
  {
    wrong: "an expert's pattern that does not fit the API",
    asks: queue({}, { patterns: [{ type: "cache" }] }),
    given: root,
    all: ["INCOMPATIBLE_PATTERNS patterns"],
    cure: "Use of: outbox, claim-check, wal, replay-store, tiered-storage",
  },
  {
    wrong: "an expert's chain in the wrong order",
    asks: queue({}, { patterns: [{ type: "wal" }, { type: "claim-check" }] }),
    given: root,
    all: ["INCOMPATIBLE_PATTERNS patterns"],
    cure: "Order them: outbox, claim-check, wal, replay-store, tiered-storage, cache, cdc",
  },
  {
    wrong: "an expert's pattern twice",
    asks: queue({}, { patterns: [{ type: "wal" }, { type: "wal" }] }),
    given: root,
    all: ["INCOMPATIBLE_PATTERNS patterns"],
    cure: "Name 'wal' once",
  },
  {
    wrong: "an expert's transaction without an outbox",
    asks: request("transact", {}, { patterns: [{ type: "wal" }] }),
    given: root,
    all: ["INCOMPATIBLE_PATTERNS patterns"],
    cure: "Add 'outbox' as the first pattern",
  },
  {
    wrong: "an expert's backend that cannot serve the API",
    asks: queue({}, { backend: { type: "redis" } }),
    given: root,
    all: ["INCOMPATIBLE_PATTERNS backend.type"],
    cure: "Use 'kafka' or 'postgres'",
  },
  {
    wrong: "an expert's tiering without Kafka",
    asks: request("pubsub", {}, { patterns: [{ type: "tiered-storage" }], backend: { type: "nats" } }),
    given: root,
    all: ["INCOMPATIBLE_PATTERNS backend.type"],
    cure: "Use backend 'kafka', or leave tiered-storage out",
  },
  {
    wrong: "an expert's settings beside `config`, as RFC-014 wrote them",
    asks: queue({}, { patterns: [{ type: "claim-check", threshold: "1MB" }] }),
    given: root,
    all: invalid("patterns[0].threshold"),
    cure: "Remove it; known here: type, enabled, config",
  },
  {
    wrong: "an expert's mistyped setting",
    asks: queue({}, { patterns: [{ type: "claim-check", config: { treshold: "1MB" } }] }),
    given: root,
    all: invalid("patterns[0].config.treshold"),
    cure: "Did you mean 'patterns[0].config.threshold'?",
  },
  {
    wrong: "an expert's pattern that is still to come",
    asks: queue({}, { patterns: [{ type: "event-sourcing" }] }),
    given: root,
    all: ["UNIMPLEMENTED patterns[0].type"],
    cure: "Use one of: outbox, claim-check, wal, replay-store, tiered-storage, cache, cdc",
  },
  {
    wrong: "a write-through cache",
    asks: request("reader", {}, { patterns: [{ type: "cache", config: { strategy: "write-through" } }] }),
    given: root,
    all: ["UNIMPLEMENTED patterns[0].config.strategy"],
    cure: "Use one of: look-aside",
  },
  {
    wrong: "everything at once: schema, boundary, business, quota, in that order",
    asks: request(
      "pubsub",
      { consistency: "strong", replay: "maybe", write_rps: 200_000 },
      { patterns: [], zone: "eu" },
    ),
    given: {
      existing: { existing_owner: "media-team", created_at: "2026-01-01T00:00:00Z" },
      quota: {
        quota: { write_rps: 1000, read_rps: 1000, data_size: 1e12, namespaces: 1 },
        remaining: { write_rps: 500, read_rps: 50, data_size: 1e12, namespaces: 0 },
      },
    },
    all: [
      ...invalid("zone", "needs.replay"),
      "BOUNDARY_VIOLATION patterns",
      "NAMESPACE_EXISTS namespace",
      ...invalid("needs.consistency"),
      "QUOTA_EXCEEDED needs.write_rps",
      "QUOTA_EXCEEDED needs.read_rps",
      "QUOTA_EXCEEDED namespace",
    ],
    cure: "Remove it; known here: namespace, team, client_api, needs, access, policies, cache, cdc, patterns, backend, approval",
  },
];
