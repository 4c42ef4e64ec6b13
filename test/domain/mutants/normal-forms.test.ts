import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../domain/json.ts";
import { addressee, ownersNamed } from "../../../domain/request/examine.ts";
import { parseRequest } from "../../../domain/request/parse.ts";
import { refusal } from "../../../domain/request/violation.ts";
import { request } from "../asking.ts";

function normal(document: JsonObject, options: Parameters<typeof parseRequest>[1] = {}) {
  const read = parseRequest(document, options);
  if ("request" in read) return read.request;
  throw new Error(read.violations.map(({ message }) => message).join("; "));
}
const consumers = (...written: readonly (string | JsonObject)[]) =>
  normal(request("queue", {}, { access: { consumers: written } })).access.consumers;

describe("consumers", () => {
  it.each([
    ["api (read-only)", { service: "api", access: "read-only" }],
    ["  api  (  read-write  )  ", { service: "api", access: "read-write" }],
    ["api(read-only)", { service: "api", access: "read-only" }],
    [{ service: "api" }, { service: "api", access: "read-write" }],
    [{ service: "api (read-only)" }, { service: "api", access: "read-only" }],
    [
      { service: "api (read-only)", access: "read-only" },
      { service: "api", access: "read-only" },
    ],
  ])("written as %j", (written, meant) => expect(consumers(written)).toEqual([meant]));

  it("named twice alike are one", () => {
    expect(consumers("a (read-only)", "b (read-write)", { service: "a", access: "read-only" })).toEqual([
      { service: "a", access: "read-only" },
      { service: "b", access: "read-write" },
    ]);
  });
});

describe("names", () => {
  it("may have all the letters they are promised", () => {
    const team = "t".repeat(100);
    expect(normal(request("queue", {}, { team })).team).toBe(team);
    const namespace = "n".repeat(64);
    expect(normal(request("queue", {}, { namespace })).namespace).toBe(namespace);
    const cdc = { enabled: true, topic: ".a.", tables: ["_", "A1"] };
    expect(normal(request("reader", {}, { cdc })).cdc).toMatchObject(cdc);
  });
});

describe("audit", () => {
  it.each([
    [{ audit: true }, "enabled"],
    [{ audit: false }, "disabled"],
    [{ audit: true, policies: { audit_logging: "enabled" } }, "enabled"],
    [{ audit: false, policies: { pii_handling: "enabled" } }, "disabled"],
  ] satisfies [JsonObject, string][])("as %j is audit logging %s", (written: JsonObject, said) => {
    const { policies } = normal(request("queue", {}, written));
    expect(policies).toMatchObject({ ...(written.policies as JsonObject), audit_logging: said });
    expect(normal(request("queue", {}, written))).not.toHaveProperty("audit");
  });
});

describe("an approval", () => {
  it("is a claim under either name of its fields", () => {
    const approval = { approver: "Root", ticket: "T-1" };
    for (const written of [approval, { approved_by: "Root", approval_ticket: "T-1" }]) {
      expect(normal(request("queue", {}, { approval: written })).approval).toEqual(approval);
    }
  });
});

describe("a catalogue's entry", () => {
  const entry = (item: JsonObject, around: JsonObject = {}) => ({
    ...around,
    namespaces: [{ name: "a", ...item }],
  });

  it("may have needs that are left empty", () => {
    expect(normal(entry({ pattern: "queue", needs: null }, { team: "t" })).needs.durability).toBe("eventual");
  });

  it("may say itself that a durable-queue is durable", () => {
    const item = { pattern: "durable-queue", needs: { durability: "strong", throughput: "1k" } };
    expect(normal(entry(item, { team: "t" }))).toMatchObject({
      client_api: "queue",
      needs: { durability: "strong", write_rps: 1000 },
    });
  });

  it("has its own access before the catalogue's, and that before the team's", () => {
    const own = { owners: [{ team: "mine" }] };
    const shared = { owners: [{ team: "ours" }] };
    const ownersOf = (document: JsonObject) => normal(document).access.owners;
    expect(ownersOf(entry({ pattern: "queue", access: own }, { team: "t", access: shared }))).toEqual(
      own.owners,
    );
    expect(ownersOf(entry({ pattern: "queue" }, { team: "t", access: shared }))).toEqual(shared.owners);
    expect(ownersOf(entry({ pattern: "queue" }, { team: "t" }))).toEqual([{ team: "t" }]);
  });

  it("takes its team from itself, the catalogue or the command line", () => {
    expect(normal(entry({ pattern: "queue", team: "mine" })).team).toBe("mine");
    expect(normal(entry({ pattern: "queue" }, { team: "ours" })).team).toBe("ours");
    expect(normal(entry({ pattern: "queue" }), { team: "asked" }).team).toBe("asked");
  });
});

describe("whom a request concerns", () => {
  it("is told before anything is judged", () => {
    expect(addressee(request("queue"))).toEqual({ namespace: "orders", team: "payments-team" });
    expect(addressee({ namespace: "orders" }, { team: "t" })).toEqual({ namespace: "orders", team: "t" });
    expect(addressee({ team: "t" })).toEqual({ team: "t" });
    expect(addressee("nonsense")).toEqual({});
    expect(addressee({ team: "not a team" })).toEqual({});
    // Nobody is asked about where two teams are named.
    expect(addressee(request("queue"), { team: "other-team" })).toEqual({ namespace: "orders" });
  });

  it("includes the teams that own with it", () => {
    const access = { owners: [{ team: "a" }, { team: "b" }], consumers: [] };
    expect(ownersNamed(request("queue", {}, { access }))).toEqual(["a", "b"]);
    expect(ownersNamed(request("queue", {}, { access: {} }))).toEqual([]);
    expect(ownersNamed({ access: 5 })).toEqual([]);
    expect(ownersNamed("nonsense")).toEqual([]);
  });
});

describe("a refusal", () => {
  it("is the first violation with all of them, and none without one", () => {
    const [first, second] = ["a", "b"].map((field) => ({
      code: "QUOTA_EXCEEDED" as const,
      message: `too much ${field}`,
      details: { field },
    }));
    if (first === undefined || second === undefined) throw new Error("there are two");
    expect(refusal([first, second])).toMatchObject({
      code: "QUOTA_EXCEEDED",
      message: "too much a",
      details: { field: "a", violations: [first, second] },
    });
    expect(refusal([])).toMatchObject({ code: "INTERNAL", message: "a refusal needs a violation" });
  });
});

describe("a form that is read for the platform role", () => {
  it("keeps what it says of patterns and backend, a team's does not", () => {
    const named = request("queue", {}, { patterns: [{ type: "wal" }], backend: { type: "kafka" } });
    expect(normal(named, { platform: true })).toMatchObject({
      patterns: [{ type: "wal" }],
      backend: { type: "kafka" },
    });
    expect(parseRequest(named)).toMatchObject({
      violations: [{ code: "BOUNDARY_VIOLATION" }, { code: "BOUNDARY_VIOLATION" }],
    });
    const wrong = request("queue", {}, { patterns: [{ type: "cache" }] });
    expect(parseRequest(wrong, { platform: true })).toMatchObject({
      violations: [{ code: "INCOMPATIBLE_PATTERNS" }],
    });
    expect(parseRequest(wrong)).toMatchObject({ violations: [{ code: "BOUNDARY_VIOLATION" }] });
  });
});
