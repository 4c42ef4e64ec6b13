import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../domain/json.ts";
import { accepted, request } from "../asking.ts";

const lines = (document: JsonObject, circumstances = {}) =>
  accepted(document, circumstances).selection.trace.rules;
const kinds = (document: JsonObject, circumstances = {}) =>
  accepted(document, circumstances).selection.plan.resources.map(({ backend, kind }) => `${backend} ${kind}`);
/** The settings of a queue's topic. */
const settings = (needs: JsonObject): JsonObject =>
  (accepted(request("queue", needs)).selection.plan.resources[0]?.config.settings ?? {}) as JsonObject;

describe("capacity", () => {
  it.each([
    [{ write_rps: 0, read_rps: 0 }, 1],
    [{ write_rps: 500, read_rps: 1 }, 1],
    [{ write_rps: 501, read_rps: 1 }, 2],
    [{ write_rps: 1, read_rps: 10_000 }, 20],
    [{ kafka_partitions: 50 }, 50],
  ])("%j makes %i partitions", (needs, partitions) => {
    expect(accepted(request("queue", needs)).selection.plan.backend.config.partitions).toBe(partitions);
  });

  it.each([{ read_rps: 200_000 }, { kafka_partitions: 300 }])("%j is capped, and says so", (needs) => {
    const { plan, warnings } = accepted(request("queue", needs)).selection;
    expect(plan.backend.config.partitions).toBe(256);
    expect(warnings.map(({ field }) => field)).toEqual(["backend.config.partitions"]);
    expect(warnings[0]?.message).toMatch(/capped at 256/);
  });

  it("keeps three replicas of what must not be lost, two of the rest", () => {
    const replication = (durability: string) =>
      accepted(request("queue", { durability })).selection.plan.backend.config.replication;
    expect([replication("strong"), replication("eventual"), replication("best-effort")]).toEqual([3, 2, 2]);
  });

  it("says when settings of another backend are ignored", () => {
    const because = "ignored: the backend is kafka, not postgres";
    expect(lines(request("queue", { postgres_pool_size: 5 }))).toContainEqual({
      rule: "postgres_pool_size",
      fired: false,
      because,
    });
    expect(
      accepted(request("reader", { postgres_pool_size: 5 })).selection.plan.backend.config,
    ).toMatchObject({
      connection_pool_size: 5,
    });
  });
});

describe("the largest message that a backend sees", () => {
  const largest = (needs: JsonObject) =>
    accepted(request("pubsub", { backend_preference: "nats", ...needs })).selection.plan.resources.find(
      ({ kind }) => kind === "stream",
    )?.config.max_message_size;

  it.each([
    [{}, "1MB"],
    [{ max_message_size: "200KB" }, "200KB"],
    [{ max_message_size: "50MB" }, "1MB"],
    // More than a stream's own limit can say: 32 bits.
    [{ max_message_size: "3GB" }, "1MB"],
  ])("in NATS with %j is %s: what is larger stays behind its claim check", (needs, size) => {
    expect(largest(needs)).toBe(size);
  });
});

describe("resources", () => {
  it("keep no second log where an outbox is the log (R9)", () => {
    const needs = { durability: "strong", delivery_guarantee: "exactly_once" };
    expect(kinds(request("queue", needs))).toEqual([
      "postgres schema",
      "postgres queue-table",
      "postgres outbox-table",
    ]);
  });

  it("keep nothing twice where the replay store is the warm tier", () => {
    expect(kinds(request("queue", { retention: "90days" }))).toContain("postgres tier-table");
    expect(kinds(request("queue", { retention: "90days", replay: "enabled" }))).not.toContain(
      "postgres tier-table",
    );
  });

  it("keep no second copy of a ttl on Redis, and one in Redis beside Postgres", () => {
    expect(kinds(request("keyvalue", { ttl: "1h" }))).toEqual(["redis acl-user"]);
    expect(kinds(request("keyvalue", { ttl: "1h", data_size: "200GB" }))).toEqual([
      "postgres keyvalue-table",
      "redis acl-user",
    ]);
  });

  it("say what a namespace reserves of Redis' memory, and nothing of it for a copy", () => {
    const configs = (document: JsonObject) =>
      accepted(document)
        .selection.plan.resources.filter(({ backend }) => backend === "redis")
        .map(({ config }) => config);
    expect(configs(request("keyvalue", { data_size: "20GB" }))).toEqual([
      { prefix: "orders:", data_size: "20GB" },
    ]);
    expect(configs(request("keyvalue", { ttl: "1h", data_size: "200GB" }))).toEqual([{ prefix: "orders:" }]);
  });

  it("hold hot messages for the hot days only, and all of them where there are no tiers", () => {
    expect(settings({ retention: "90days" })["retention.ms"]).toBe("604800000");
    expect(settings({ retention: "12h" })["retention.ms"]).toBe("43200000");
  });

  it("never make a broker drop data for its size", () => {
    expect(settings({ data_size: "1GB" })["retention.bytes"]).toBe("-1");
  });

  it("keep a claimed payload as long as the message that claims it", () => {
    const { patterns } = accepted(request("queue", { max_message_size: "2MB", retention: "20days" }))
      .selection.plan;
    expect(patterns[0]?.config).toMatchObject({
      threshold: "1MB",
      cleanup: { strategy: "ttl", ttl: "20days" },
    });
  });

  it("let no cached answer be older than max_staleness", () => {
    const needs = { consistency: "bounded_staleness", max_staleness: "2min", ttl: "10min" };
    const document = request("reader", needs, { cache: { enabled: true, ttl: 900 } });
    expect(accepted(document).selection.plan.patterns[0]?.config.ttl).toBe("2min");
  });

  it("count replay in whole days, and for ever as null", () => {
    const kept = (retention: string) =>
      accepted(request("transact", { replay: "enabled", retention })).selection.plan.patterns.at(-1)?.config;
    expect(kept("36h")).toEqual({ retention_days: 2 });
    expect(kept("forever")).toEqual({ retention_days: null });
  });

  it("stream changes to a topic below the namespace's own name, and invalidate without one", () => {
    const cdc = { enabled: true, topic: "user-profile-changes" };
    const { plan } = accepted(request("reader", {}, { cdc })).selection;
    expect(plan.resources.find(({ backend }) => backend === "kafka")?.name).toBe(
      "orders.user-profile-changes",
    );
    const invalidating = request(
      "reader",
      {},
      {
        cache: { enabled: true },
        cdc: { enabled: true, destination: "cache_invalidator" },
      },
    );
    expect(kinds(invalidating)).toEqual([
      "postgres schema",
      "redis acl-user",
      "postgres publication",
      "postgres replication-slot",
    ]);
  });
});
