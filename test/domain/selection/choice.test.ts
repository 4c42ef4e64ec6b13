import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../domain/json.ts";
import { backendOf } from "../../../domain/selection/inventory.ts";
import { select } from "../../../domain/selection/select.ts";
import { accepted, refused, request } from "../asking.ts";
import { development, everything } from "../inventories.ts";

const because = (document: JsonObject, backend: string, circumstances = {}) =>
  accepted(document, circumstances).selection.trace.backends.find((one) => one.backend === backend)?.because;
const chosen = (document: JsonObject, circumstances = {}) =>
  accepted(document, circumstances).selection.plan.backend.type;
const lines = (document: JsonObject, circumstances = {}) =>
  accepted(document, circumstances).selection.trace.rules;
describe("choosing a backend", () => {
  it.each([
    ["keyvalue, by default", "keyvalue", {}, "redis"],
    ["keyvalue that must not be lost", "keyvalue", { durability: "strong" }, "postgres"],
    ["keyvalue that must not be late", "keyvalue", { consistency: "strong" }, "postgres"],
    ["keyvalue of exactly 100GB", "keyvalue", { data_size: "100GB" }, "redis"],
    ["keyvalue of more than 100GB", "keyvalue", { data_size: "101GB" }, "postgres"],
    [
      "keyvalue read often, but too large for Redis",
      "keyvalue",
      { data_size: "101GB", read_rps: "200k" },
      "postgres",
    ],
    ["pubsub of 50,000 writes", "pubsub", { write_rps: 50_000 }, "nats"],
    ["pubsub of more", "pubsub", { write_rps: 50_001 }, "kafka"],
    ["pubsub with a claim check", "pubsub", { max_message_size: "2MB" }, "kafka"],
    ["pubsub with tiers, which NATS cannot hold", "pubsub", { retention: "31days" }, "kafka"],
    ["queue by default", "queue", {}, "kafka"],
    ["queue with an outbox", "queue", { delivery_guarantee: "exactly_once" }, "postgres"],
    [
      "queue with an outbox, ordered",
      "queue",
      { delivery_guarantee: "exactly_once", ordered: true },
      "kafka",
    ],
    [
      "queue with an outbox, too fast for Postgres",
      "queue",
      { delivery_guarantee: "exactly_once", write_rps: 10_001 },
      "kafka",
    ],
    ["reader", "reader", {}, "postgres"],
    ["transact", "transact", {}, "postgres"],
  ] as const)("%s: %j %j is on %s", (_, api, needs, backend) => {
    expect(chosen(request(api, needs))).toBe(backend);
  });

  it("says of every backend why it was or was not chosen", () => {
    const { backends } = accepted(request("keyvalue", { durability: "strong" })).selection.trace;
    expect(backends).toEqual([
      { backend: "kafka", chosen: false, because: "kafka does not serve keyvalue" },
      { backend: "nats", chosen: false, because: "nats does not serve keyvalue" },
      {
        backend: "redis",
        chosen: false,
        because: "redis may lose what it acknowledged, and durability is strong",
      },
      { backend: "postgres", chosen: true, because: "durability is strong" },
      { backend: "s3", chosen: false, because: "s3 does not serve keyvalue" },
    ]);
  });

  it.each([
    [{ data_size: "200GB" }, "redis", "data_size 200GB is more than redis holds (100GB)"],
    [{ write_rps: 20_000 }, "postgres", "write_rps 20000 is more than postgres takes (10000)"],
    [{ consistency: "strong" }, "redis", "redis may answer late, and consistency is strong"],
    [{}, "postgres", "could serve, but redis comes first"],
  ])("keyvalue %j is not on %s: %s", (needs, backend, reason) => {
    expect(because(request("keyvalue", needs), backend)).toBe(reason);
  });

  it("skips a backend that is not there", () => {
    expect(because(request("pubsub"), "nats", { inventory: { kafka: backendOf("kafka") } })).toBe(
      "nats is not in the inventory",
    );
    expect(because(request("pubsub"), "kafka", { inventory: { kafka: backendOf("kafka") } })).toBe(
      "the first in line that can hold every need",
    );
  });

  it("answers UNIMPLEMENTED where the backend is all that is missing", () => {
    const [violation] = refused(request("keyvalue"), { inventory: {} });
    expect(violation).toMatchObject({ code: "UNIMPLEMENTED", details: { backend: "redis" } });
    expect(violation?.message).toContain("redis is not in the inventory");
  });

  it("answers UNIMPLEMENTED where the build cannot serve the API there yet", () => {
    const inventory = { ...development, kafka: backendOf("kafka", { capabilities: ["queue"] }) };
    const [violation] = refused(request("pubsub", { write_rps: "60k" }), { inventory });
    expect(violation).toMatchObject({
      code: "UNIMPLEMENTED",
      details: { field: "client_api", backend: "kafka" },
    });
    expect(violation?.message).toContain("kafka cannot be provisioned for pubsub yet");
  });

  it.each([
    ["claim-check", "s3", "needs.max_message_size", request("queue", { max_message_size: "2MB" })],
    ["tiered-storage", "s3", "needs.retention", request("queue", { retention: "31days" })],
    ["cache", "redis", "cache.enabled", request("reader", {}, { cache: { enabled: true } })],
    ["cache", "redis", "needs.ttl", request("keyvalue", { ttl: 60, data_size: "101GB" })],
  ])(
    "answers UNIMPLEMENTED where %s has no %s to keep things in, at %s",
    (pattern, backend, field, document) => {
      const [violation] = refused(document, { inventory: development });
      expect(violation).toMatchObject({ code: "UNIMPLEMENTED", details: { field, backend } });
      expect(violation?.message).toContain(`pattern '${pattern}'`);
    },
  );

  it("names the constraint where nothing can hold the needs", () => {
    const [violation] = refused(request("transact", { write_rps: 10_001 }));
    expect(violation).toMatchObject({
      code: "INVALID_CONFIGURATION",
      message: "No backend can serve these needs: write_rps 10001 is more than postgres takes (10000)",
      details: { field: "needs.write_rps", constraint: "write_rps", limit: 10_000 },
    });
  });

  it("does not look at how a backend feels today", () => {
    const { hash } = accepted(request("queue")).selection;
    expect(select(accepted(request("queue")).request, everything).hash).toBe(hash);
  });
});

describe("a backend preference", () => {
  it("wins where every constraint holds, against the RFC's own branch", () => {
    const document = request("queue", { ordered: true, backend_preference: "postgres" });
    expect(chosen(document)).toBe("postgres");
    expect(because(document, "postgres")).toBe("backend_preference asks for it, and it can hold every need");
    expect(because(document, "kafka")).toBe("could serve, but backend_preference asks for postgres");
  });

  it.each([
    ["keyvalue", { backend_preference: "redis", durability: "strong" }, "postgres"],
    ["queue", { backend_preference: "postgres", write_rps: 20_000 }, "kafka"],
    ["queue", { backend_preference: "redis" }, "kafka"],
    ["pubsub", { backend_preference: "nats", retention: "31days" }, "kafka"],
  ] as const)("is overridden where one does not: %s %j", (api, needs, backend) => {
    const document = request(api, needs);
    expect(chosen(document)).toBe(backend);
    const line = lines(document).find(({ rule }) => rule === "backend_preference");
    expect(line?.fired).toBe(false);
    expect(line?.because).toMatch(/^overridden: /);
  });
});

describe("a flip", () => {
  const flips = (document: JsonObject, circumstances = {}) =>
    accepted(document, circumstances).selection.trace.flips;

  it.each([
    ["keyvalue", {}, { need: "durability", from: "eventual", to: "strong", backend: "postgres" }],
    [
      "keyvalue",
      { data_size: "99GB" },
      { need: "data_size", from: "99GB", to: "100000000001B", backend: "postgres" },
    ],
    [
      "keyvalue",
      { durability: "strong" },
      { need: "durability", from: "strong", to: "eventual", backend: "redis" },
    ],
    [
      "pubsub",
      { write_rps: 49_000 },
      { need: "max_message_size", from: "1MB", to: "1000001B", backend: "kafka" },
    ],
    [
      "pubsub",
      { max_message_size: "2MB" },
      { need: "max_message_size", from: "2MB", to: "1MB", backend: "nats" },
    ],
    ["pubsub", { write_rps: 50_001 }, { need: "write_rps", from: 50_001, to: 50_000, backend: "nats" }],
    ["pubsub", { retention: "31days" }, { need: "retention", from: "31days", to: "30days", backend: "nats" }],
    [
      "queue",
      {},
      { need: "delivery_guarantee", from: "at_least_once", to: "exactly_once", backend: "postgres" },
    ],
    [
      "queue",
      { ordered: true },
      { need: "backend_preference", from: null, to: "postgres", backend: "postgres" },
    ],
  ] as const)("of %s %j is the smallest change: %j", (api, needs, flip) => {
    expect(flips(request(api, needs))).toEqual([flip]);
  });

  it("names no backend that is not there, and none where there is no other", () => {
    expect(flips(request("pubsub"), { inventory: { nats: backendOf("nats") } })).toEqual([]);
    expect(flips(request("reader"))).toEqual([]);
  });
});

describe("a ruleset", () => {
  it("is named by the plan it made, and an unknown one is refused", () => {
    const { request: normal, selection } = accepted(request("queue"));
    expect(selection.plan.ruleset).toBe("rfc-027/1");
    expect(() => select(normal, everything, { ruleset: "rfc-027/99" })).toThrow("no ruleset 'rfc-027/99'");
  });
});
