import { describe, expect, it } from "vitest";
import { addressee } from "../../../domain/request/examine.ts";
import { accepted, asked, platform, refused, request } from "../asking.ts";

const quota = { write_rps: 1000, read_rps: 1000, data_size: 1e12, namespaces: 2 };

describe("whom a request concerns", () => {
  it.each([
    ["a sound request", request("queue"), {}, { namespace: "orders", team: "payments-team" }],
    [
      "a request that is wrong elsewhere",
      request("queue", { replay: 1 }),
      {},
      { namespace: "orders", team: "payments-team" },
    ],
    [
      "a catalogue with the command line's team",
      { namespaces: [{ name: "a" }] },
      { team: "t" },
      { namespace: "a", team: "t" },
    ],
    ["a malformed team", request("queue", {}, { team: "my team" }), {}, { namespace: "orders" }],
    ["two teams", request("queue"), { team: "media-team" }, { namespace: "orders" }],
    ["no request at all", 42, {}, {}],
  ] as const)("%s", (_, document, options, found) => expect(addressee(document, options)).toEqual(found));
});

describe("a refusal", () => {
  it("says nothing of a quota to strangers, or where nobody knows whose it would be", () => {
    const mayKnow = (document: Parameters<typeof asked>[0]) => {
      const examined = asked(document, { quota: { quota, remaining: quota } });
      return examined.accepted ? undefined : examined.mayKnow;
    };
    expect(mayKnow(request("queue", { replay: 1 }))).toBe(true);
    expect(mayKnow(request("queue", {}, { team: "media-team" }))).toBe(false);
    expect(mayKnow(request("queue", {}, { team: "my team" }))).toBe(false);
  });

  it("lists a malformed team beside all the rest, but judges no quota", () => {
    const document = request("pubsub", { consistency: "strong", write_rps: 5000 }, { team: "my team" });
    const fields = refused(document, { quota: { quota, remaining: quota } }).map(
      ({ details }) => details.field,
    );
    expect(fields).toEqual(["team", "needs.consistency"]);
  });

  it("of more than the quota and a cap at once is the quota's", () => {
    const violations = refused(request("queue", { write_rps: 200_000 }), {
      quota: { quota, remaining: quota },
    });
    expect(violations.map(({ code }) => code)).toEqual(["QUOTA_EXCEEDED"]);
  });

  it("counts what is reserved already, and says so", () => {
    const remaining = { ...quota, write_rps: 50, data_size: 5e8, namespaces: 0 };
    const violations = refused(request("queue"), { quota: { quota, remaining } });
    expect(violations.map(({ message }) => message)).toEqual([
      "Requested write_rps (100) exceeds team quota (1000), of which 50 is left",
      "Requested data_size (1GB) exceeds team quota (1TB), of which 500MB is left",
      "Requested namespaces (1) exceeds team quota (2), of which 0 is left",
    ]);
    expect(violations[1]?.details).toMatchObject({ requested: "1GB", quota: "1TB", remaining: "500MB" });
  });

  it("binds the platform by quotas too", () => {
    const circumstances = { caller: platform, quota: { quota, remaining: quota } };
    expect(refused(request("queue", { read_rps: 1001 }), circumstances)[0]?.code).toBe("QUOTA_EXCEEDED");
  });

  it("stays small, however wrong the request is", () => {
    const needs = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`nonsense_${i}`, i]));
    const consumers = Array.from({ length: 5000 }, () => 7);
    expect(refused(request("queue", needs, { access: { consumers } })).length).toBeLessThanOrEqual(1001);
    expect(refused(request("queue", { durability: "x".repeat(100_000) }))[0]?.message.length).toBeLessThan(
      200,
    );
  });
});

describe("a sound request", () => {
  it("may be exactly what is left of the quota", () => {
    const remaining = { write_rps: 100, read_rps: 100, data_size: 1e9, namespaces: 1 };
    expect(accepted(request("queue"), { quota: { quota, remaining } }).request.namespace).toBe("orders");
  });

  it("of the platform for a team is accepted, expert fields and all", () => {
    const patterns = [{ type: "wal" }];
    const { selection } = accepted(request("queue", {}, { patterns }), { caller: platform });
    expect(selection.plan.patterns.map(({ type }) => type)).toEqual(["wal"]);
  });
});
