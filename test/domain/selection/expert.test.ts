import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../domain/json.ts";
import { accepted, platform, refused, request } from "../asking.ts";
import { development } from "../inventories.ts";

const root = { caller: platform };
describe("an expert", () => {
  const asks = (more: JsonObject, needs: JsonObject = {}, api = "queue") => request(api, needs, more);

  it("replaces the rules with a chain, and the ruleset's settings key by key", () => {
    const patterns = [{ type: "claim-check", config: { threshold: "500KB", cleanup: { ttl: 60 } } }];
    const { plan, trace } = accepted(asks({ patterns }, { replay: "enabled" }), root).selection;
    expect(plan.patterns).toEqual([
      {
        type: "claim-check",
        version: 1,
        config: {
          threshold: "500KB",
          storage: { backend: "s3", bucket: "prism-orders", prefix: "claims/" },
          compression: "none",
          cleanup: { strategy: "ttl", ttl: "1min" },
        },
      },
    ]);
    expect(trace.rules).toContainEqual({
      rule: "replay-store",
      fired: false,
      because: "the platform role named the chain without it",
    });
  });

  it("may leave the log out of what must not be lost, and is warned", () => {
    const { warnings } = accepted(asks({ patterns: [] }, { durability: "strong" }), root).selection;
    expect(warnings.map(({ field }) => field)).toEqual(["patterns"]);
  });

  it("is told what that means in NATS", () => {
    const given = asks({ patterns: [], backend: { type: "nats" } }, { durability: "strong" }, "pubsub");
    const [warning] = accepted(given, root).selection.warnings;
    expect(warning?.message).toContain("JetStream acknowledges before the disk has it");
  });

  it("may go beyond every limit of a backend, and is warned of each", () => {
    const needs = { durability: "strong", consistency: "strong", data_size: "200GB" };
    const { plan, warnings, trace } = accepted(
      asks({ backend: { type: "redis" } }, needs, "keyvalue"),
      root,
    ).selection;
    expect(plan.backend.type).toBe("redis");
    expect(warnings.map(({ message }) => message)).toEqual([
      "redis may lose what it acknowledged, and durability is strong",
      "redis may answer late, and consistency is strong",
      "data_size 200GB is more than redis holds (100GB)",
    ]);
    expect(trace.rules.filter(({ rule }) => rule.startsWith("warning"))).toHaveLength(3);
    expect(trace.flips).toEqual([]);
  });

  it("names topic, partitions and replication, within what there is", () => {
    const backend = { type: "kafka", config: { topic: "videos", partitions: 10, replication: 5 } };
    const { plan, warnings } = accepted(asks({ backend }), root).selection;
    expect(plan.backend.config).toEqual({ topic: "videos", partitions: 10, replication: 3 });
    expect(plan.resources[0]?.name).toBe("videos");
    expect(warnings).toHaveLength(1);
  });

  it("names what keys in Redis begin with, below the namespace's own name", () => {
    const asksFor = (prefix: string) =>
      asks({ backend: { type: "redis", config: { prefix } } }, {}, "keyvalue");
    const { plan } = accepted(asksFor("orders:cache:"), root).selection;
    expect(plan.resources).toMatchObject([{ name: "orders", config: { prefix: "orders:cache:" } }]);
    for (const prefix of ["books:", "orders", "orders2:", "o"]) {
      expect(refused(asksFor(prefix), root)).toMatchObject([
        { code: "INVALID_CONFIGURATION", details: { field: "backend.config.prefix" } },
      ]);
    }
  });

  it("cannot have a backend that this build lacks", () => {
    const [violation] = refused(asks({ backend: { type: "nats" } }, {}, "pubsub"), {
      ...root,
      inventory: development,
    });
    expect(violation).toMatchObject({ code: "UNIMPLEMENTED", details: { backend: "nats" } });
  });
});

describe("what needs approval", () => {
  const approval = (document: JsonObject, circumstances = {}) =>
    accepted(document, circumstances).selection.approval.map(({ field }) => field);

  it.each([
    ["queue", { backend_preference: "kafka" }, ["needs.backend_preference"]],
    [
      "queue",
      { kafka_partitions: 3, postgres_pool_size: 3 },
      ["needs.kafka_partitions", "needs.postgres_pool_size"],
    ],
    ["keyvalue", { consistency: "bounded_staleness", max_staleness: "1min" }, ["needs.consistency"]],
    ["queue", { retention: "365days" }, []],
    ["queue", { retention: "366days" }, ["needs.retention"]],
    ["queue", { retention: "forever" }, ["needs.retention"]],
    ["transact", { retention: "forever" }, []],
    ["queue", { write_rps: 100_000, read_rps: 500_000, data_size: "1TB", max_message_size: "100MB" }, []],
    ["queue", { write_rps: 100_001 }, ["needs.write_rps"]],
    ["queue", { read_rps: 500_001 }, ["needs.read_rps"]],
    ["queue", { data_size: "1.1TB" }, ["needs.data_size"]],
    ["queue", { max_message_size: "101MB" }, ["needs.max_message_size"]],
  ] as const)("%s %j: %j", (api, needs, fields) => {
    expect(approval(request(api, needs))).toEqual(fields);
  });

  it("is nothing of the platform's own, but what is over a cap", () => {
    const needs = { backend_preference: "kafka", write_rps: 100_001 };
    expect(approval(request("queue", needs), root)).toEqual(["needs.write_rps"]);
  });

  it("is not granted by the request's own claim", () => {
    const document = request("queue", { backend_preference: "kafka" }, { approval: { approved_by: "me" } });
    expect(approval(document)).toEqual(["needs.backend_preference"]);
    expect(accepted(document).request.approval).toEqual({ approver: "me" });
  });
});
