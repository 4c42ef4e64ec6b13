import { describe, expect, it } from "vitest";
import type { PrismError } from "../../../domain/errors.ts";
import { quotaViolations } from "../../../domain/request/quota.ts";
import { decide, type TeamCommand } from "../../../domain/team/decide.ts";
import { type Amounts, nothing } from "../../../domain/team/quota.ts";
import { teamView } from "../../../domain/team/team.ts";
import { amounts, commit, define, end, quota, reserve, teamAfter, types } from "./given.ts";

const lowered = (less: Partial<Amounts>, force?: true): TeamCommand =>
  ({ ...define, quota: { ...quota, ...less }, ...(force && { force }) }) as TeamCommand;

/** Holds 90 of 100 writes, 20 of 100 reads and 2KB of 10KB in two namespaces. */
const busy = [
  ...[reserve("orders", "op-1", 50), commit("orders", "op-1")],
  ...[reserve("books", "op-2", 40), commit("books", "op-2")],
];
const team = teamAfter(define, ...busy);

const refusalOf = (command: TeamCommand, of = team): PrismError => {
  try {
    decide(command, of);
  } catch (error) {
    return error as PrismError;
  }
  return expect.fail("it was not refused");
};

describe("a quota that is lowered", () => {
  it("to what is reserved, or anywhere above it, is lowered", () => {
    for (const write_rps of [99, 91, 90])
      expect(types(decide(lowered({ write_rps }), team))).toEqual(["QuotaChanged"]);
  });

  it("below what is reserved is refused, with all amounts that are, and what is reserved of them", () => {
    const { code, message, details } = refusalOf(lowered({ write_rps: 89, data_size: 1_999, namespaces: 1 }));
    expect({ code, message }).toEqual({
      code: "QUOTA_EXCEEDED",
      message: "Quota write_rps (89) is below what is reserved (90)",
    });
    expect(details).toMatchObject({
      field: "quota.write_rps",
      requested: 89,
      reserved: 90,
      team: "payments",
    });
    const all = details["violations"] as unknown as readonly { details: { field: string } }[];
    expect(all.map((one) => one.details.field)).toEqual([
      "quota.write_rps",
      "quota.data_size",
      "quota.namespaces",
    ]);
  });

  it("counts what an operation under way has reserved", () => {
    const growing = teamAfter(define, ...busy, reserve("films", "op-3", 10));
    expect(refusalOf(lowered({ write_rps: 95 }), growing).code).toBe("QUOTA_EXCEEDED");
  });

  it("below it is lowered by force, and the team is flagged until it is within it again", () => {
    const forced = teamAfter(define, ...busy, lowered({ write_rps: 45, namespaces: 1 }, true));
    expect(teamView(forced)).toMatchObject({
      quota: { write_rps: 45, namespaces: 1 },
      reserved: { write_rps: 90, namespaces: 2 },
      remaining: { write_rps: 0, namespaces: 0 },
      over_quota: ["write_rps", "namespaces"],
    });
    const fewer = teamAfter(
      define,
      ...busy,
      lowered({ write_rps: 45, namespaces: 1 }, true),
      end("orders", "op-3"),
    );
    expect(teamView(fewer)).toMatchObject({ remaining: { write_rps: 5 }, over_quota: [] });
  });

  it("may be raised again without force, also where that is not enough yet", () => {
    const forced = teamAfter(define, ...busy, lowered({ write_rps: 10 }, true));
    expect(types(decide(lowered({ write_rps: 60 }), forced))).toEqual(["QuotaChanged"]);
    expect(refusalOf(lowered({ write_rps: 9 }), forced).code).toBe("QUOTA_EXCEEDED");
  });
});

describe("a team that is over its quota in one amount", () => {
  const over = [define, ...busy, lowered({ read_rps: 15 }, true)] as const;
  const stuck = teamAfter(...over);
  const update = (write_rps: number, more: Partial<Amounts> = {}): TeamCommand =>
    ({ ...reserve("orders", "op-9", write_rps), amounts: amounts(write_rps, more) }) as TeamCommand;

  it("gets no new namespace, be it small", () => {
    const { code, details } = refusalOf(reserve("films", "op-9", 0), stuck);
    expect(code).toBe("QUOTA_EXCEEDED");
    expect(details).toMatchObject({ field: "needs.read_rps", quota: 15 });
  });

  it("grows in no other amount either, and says which one is in the way", () => {
    const { message, details } = refusalOf(update(51), stuck);
    expect(message).toBe("The team holds more read_rps (20) than its quota (15): nothing may grow");
    expect(details).toMatchObject({ field: "needs.read_rps", team: "payments" });
  });

  it("may shrink, and stay as it is", () => {
    expect(types(decide(update(50), stuck))).toEqual(["QuotaReserved"]);
    expect(types(decide(update(20, { read_rps: 4 }), stuck))).toEqual(["QuotaReserved"]);
  });

  it("may grow again once it is within it", () => {
    const within = teamAfter(...over, end("books", "op-5"));
    expect(types(decide(update(60), within))).toEqual(["QuotaReserved"]);
  });

  it("is told the same before an operation begins as within it", () => {
    const left = { write_rps: 10, read_rps: -5, data_size: 8_000, namespaces: 3 };
    const facts = { team: "payments", quota: { ...quota, read_rps: 15 }, remaining: left };
    const small = { ...nothing, namespaces: 1 };
    expect(quotaViolations(small, facts).map(({ details }) => details["field"])).toEqual(["needs.read_rps"]);
    const held = amounts(50);
    expect(quotaViolations(held, { ...facts, remaining: nothing, held })).toEqual([]);
  });
});
