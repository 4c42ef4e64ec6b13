import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/json.ts";
import { requestKind } from "../../../domain/request/document.ts";
import { parseRequest } from "../../../domain/request/parse.ts";
import { request } from "../asking.ts";

function parsed(document: Json, options: { team?: string; platform?: boolean } = {}) {
  const read = parseRequest(document, options);
  if ("request" in read) return read.request;
  throw new Error(read.violations.map(({ message }) => message).join("; "));
}

const catalogue = (entry: Json, top = {}): Json => ({ ...top, namespaces: [entry] });

describe("the normal form", () => {
  it("has every default of a queue filled in", () => {
    expect(parsed(request("queue"))).toEqual({
      namespace: "orders",
      team: "payments-team",
      client_api: "queue",
      needs: {
        durability: "eventual",
        replay: "disabled",
        write_rps: 100,
        read_rps: 100,
        concurrent_connections: 100,
        data_size: "1GB",
        retention: "7days",
        max_message_size: "1MB",
        ordered: false,
        consistency: "eventual",
        delivery_guarantee: "at_least_once",
        cleanup: "ttl",
      },
      access: { owners: [{ team: "payments-team" }], consumers: [] },
      policies: {
        pii_handling: "disabled",
        audit_logging: "disabled",
        compliance: "none",
        deletion_protection: false,
      },
    });
  });

  it.each([
    [
      "keyvalue",
      ["durability", "write_rps", "read_rps", "concurrent_connections", "data_size", "consistency"],
    ],
    [
      "reader",
      [
        "durability",
        "write_rps",
        "read_rps",
        "concurrent_connections",
        "data_size",
        "consistency",
        "query_complexity",
        "data_model",
      ],
    ],
  ])("gives a %s only the defaults that mean something to it", (api, names) => {
    expect(Object.keys(parsed(request(api)).needs)).toEqual(names);
  });

  it("is strong for transactions", () =>
    expect(parsed(request("transact")).needs.consistency).toBe("strong"));

  it("has one spelling of everything", () => {
    const needs = {
      write_rps: "10k msgs/s",
      read_rps: "0.5M",
      data_size: "1024 kib",
      retention: "4 weeks",
      max_message_size: "0.5mb",
    };
    expect(parsed(request("queue", needs)).needs).toMatchObject({
      write_rps: 10_000,
      read_rps: 500_000,
      data_size: "1MiB",
      retention: "28days",
      max_message_size: "500KB",
    });
    expect(parsed(request("keyvalue", { ttl: 900 })).needs.ttl).toBe("15min");
  });

  it("reads consumers as fields and as ADR-006's text", () => {
    const consumers = [
      "a (read-only)",
      { service: "b (read-write)" },
      { service: "c" },
      { service: "d", access: "read-only" },
    ];
    expect(parsed(request("queue", {}, { access: { consumers } })).access).toEqual({
      owners: [],
      consumers: [
        { service: "a", access: "read-only" },
        { service: "b", access: "read-write" },
        { service: "c", access: "read-write" },
        { service: "d", access: "read-only" },
      ],
    });
  });

  it("takes audit for audit_logging, and RFC-027's words for an approval", () => {
    const more = { audit: true, approval: { approved_by: "platform-team", approval_ticket: "JIRA-1234" } };
    const read = parsed(request("queue", {}, more));
    expect(read.policies.audit_logging).toBe("enabled");
    expect(read.approval).toEqual({ approver: "platform-team", ticket: "JIRA-1234" });
    expect(read).not.toHaveProperty("audit");
  });

  it("passes over what has nothing behind it", () => {
    expect(parsed(request("queue", {}, { policies: null, cache: null }))).toEqual(parsed(request("queue")));
  });

  it("reads an expert's settings in their one spelling", () => {
    const patterns = [{ type: "outbox", config: { publisher: { interval: "0.1s" } } }];
    expect(parsed(request("queue", {}, { patterns }), { platform: true }).patterns).toEqual([
      { type: "outbox", enabled: true, config: { publisher: { interval: "100ms" } } },
    ]);
  });
});

describe("RFC-014's catalogue form", () => {
  it("is brought to the form of RFC-027", () => {
    const entry = { name: "a", pattern: "pubsub", needs: { message_size: "5MB", throughput: "10k msgs/s" } };
    expect(parsed(catalogue(entry, { team: "t", access: { consumers: ["s (read-only)"] } }))).toMatchObject({
      namespace: "a",
      team: "t",
      client_api: "pubsub",
      needs: { max_message_size: "5MB", write_rps: 10_000 },
      access: { owners: [], consumers: [{ service: "s", access: "read-only" }] },
    });
  });

  it("takes the team from the command line, and gives it the access", () => {
    expect(parsed(catalogue({ name: "a", client_api: "reader" }), { team: "t" })).toMatchObject({
      team: "t",
      access: { owners: [{ team: "t" }], consumers: [] },
    });
  });

  it("knows a durable-queue as a queue that loses nothing", () => {
    expect(parsed(catalogue({ name: "a", pattern: "durable-queue" }), { team: "t" })).toMatchObject({
      client_api: "queue",
      needs: { durability: "strong" },
    });
  });
});

describe("ADR-006's oldest form", () => {
  it("is refused with today's field for each of its own", () => {
    const read = parseRequest({ namespace: "user-profiles", abstraction: "keyvalue" });
    expect(read).toMatchObject({
      violations: [
        {
          details: {
            mapping: {
              abstraction: "client_api",
              "capacity.estimated_write_rps": "needs.write_rps",
              "policies.retention_days": "needs.retention",
            },
          },
        },
      ],
    });
  });
});

describe("the JSON Schema of a request", () => {
  const valid = new Ajv2020({ strict: false }).compile(requestKind.schema);

  it.each(["queue", "pubsub", "keyvalue", "reader", "transact"])("takes every normal form: %s", (api) => {
    expect(
      valid(parsed(request(api, {}, api === "reader" ? { cache: { enabled: true, ttl: 900 } } : {}))),
    ).toBe(true);
  });

  it.each([
    ["an unknown field", { ...request("queue"), zone: "eu" }],
    ["an unknown need", request("queue", { write_rsp: 1 })],
    ["a missing field", { namespace: "a" }],
    ["a word nobody knows", request("queue", { durability: "no" })],
  ])("refuses %s", (_, document) => expect(valid(document)).toBe(false));
});
