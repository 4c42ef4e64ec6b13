import { describe, expect, it } from "vitest";
import { decide } from "../../../domain/team/decide.ts";
import { type Amounts, nothing } from "../../../domain/team/quota.ts";
import { reserved, teamView, undefinedTeam } from "../../../domain/team/team.ts";
import { amounts, commit, define, end, giveUp, quota, reserve, teamAfter, types } from "./given.ts";

describe("defining a team", () => {
  it("gives it a quota, sizes with their unit", () => {
    expect(decide(define, undefinedTeam)).toEqual([
      {
        type: "TeamDefined",
        data: {
          team: "payments",
          quota: { write_rps: 100, read_rps: 100, data_size: "10KB", namespaces: 5 },
        },
      },
    ]);
  });

  it("is quiet the second time", () => expect(decide(define, teamAfter(define))).toEqual([]));

  it("changes its quota where it has one", () => {
    const changed = decide(
      { ...define, quota: { ...quota, write_rps: 50 } } as typeof define,
      teamAfter(define),
    );
    expect(types(changed)).toEqual(["QuotaChanged"]);
  });

  it("leaves amounts that are not named as they are when it is decided; a new team has nothing", () => {
    const only = (part: Partial<Amounts>) => ({ type: "DefineTeam", team: "payments", quota: part }) as const;
    const grown = [only({ write_rps: 200 }), only({ data_size: 20_000 })];
    expect(teamAfter(define, ...grown).quota).toEqual({ ...quota, write_rps: 200, data_size: 20_000 });
    expect(decide(only({}), teamAfter(define))).toEqual([]);
    expect(teamAfter(only({ read_rps: 7 })).quota).toEqual({ ...nothing, read_rps: 7 });
  });
});

describe("reserving quota", () => {
  it("takes what is left", () => {
    const team = teamAfter(define, reserve("orders", "op-1", 40));
    expect(teamView(team)).toEqual({
      team: "payments",
      quota: { write_rps: 100, read_rps: 100, data_size: "10KB", namespaces: 5 },
      reserved: { write_rps: 40, read_rps: 10, data_size: "1KB", namespaces: 1 },
      remaining: { write_rps: 60, read_rps: 90, data_size: "9KB", namespaces: 4 },
      over_quota: [],
    });
  });

  it("is refused above it, naming every amount", () => {
    const team = teamAfter(define, reserve("orders", "op-1", 40));
    const greedy = { ...reserve("books", "op-2", 61), amounts: amounts(61, { data_size: 9001 }) };
    const refusedWith = () => decide(greedy as typeof define, team);
    expect(refusedWith).toThrow("Requested write_rps (61) exceeds team quota (100), of which 60 is left");
    expect(refusedWith).toThrow(expect.objectContaining({ code: "QUOTA_EXCEEDED" }));
    try {
      refusedWith();
    } catch (error) {
      const violations = (error as { details: { violations: { details: { field: string } }[] } }).details
        .violations;
      expect(violations.map(({ details }) => details.field)).toEqual(["needs.write_rps", "needs.data_size"]);
    }
  });

  it("is refused to a team nobody defined", () => {
    expect(() => decide(reserve("orders", "op-1", 1), undefinedTeam)).toThrow("The team does not exist");
  });

  it("is quiet the second time, also after the commit", () => {
    const reserving = reserve("orders", "op-1", 40);
    expect(decide(reserving, teamAfter(define, reserving))).toEqual([]);
    expect(decide(reserving, teamAfter(define, reserving, commit("orders", "op-1")))).toEqual([]);
  });

  it("is refused while another operation holds a reservation of the namespace", () => {
    const team = teamAfter(define, reserve("orders", "op-1", 40));
    expect(() => decide(reserve("orders", "op-2", 10), team)).toThrow(
      expect.objectContaining({ code: "OPERATION_IN_PROGRESS" }),
    );
  });

  it("counts a growing namespace once, at its larger size", () => {
    const grown = teamAfter(
      define,
      reserve("orders", "op-1", 40),
      commit("orders", "op-1"),
      reserve("orders", "op-2", 90),
    );
    expect(reserved(grown).write_rps).toBe(90);
  });

  it("counts a shrinking namespace at its old size until it has shrunk", () => {
    const asked = [
      define,
      reserve("orders", "op-1", 90),
      commit("orders", "op-1"),
      reserve("orders", "op-2", 10),
    ];
    expect(reserved(teamAfter(...asked)).write_rps).toBe(90);
    expect(reserved(teamAfter(...asked, commit("orders", "op-2"))).write_rps).toBe(10);
  });

  it("lets a namespace shrink under a quota that was lowered below it", () => {
    const lowered = { ...define, quota: { ...quota, write_rps: 50 }, force: true } as typeof define;
    const team = teamAfter(define, reserve("orders", "op-1", 90), commit("orders", "op-1"), lowered);
    expect(types(decide(reserve("orders", "op-2", 80), team))).toEqual(["QuotaReserved"]);
    expect(() => decide(reserve("orders", "op-2", 91), team)).toThrow("exceeds team quota (50)");
  });
});

describe("committing", () => {
  it("makes the reservation the namespace's own", () => {
    expect(types(decide(commit("orders", "op-1"), teamAfter(define, reserve("orders", "op-1", 40))))).toEqual(
      ["QuotaCommitted"],
    );
  });

  it("is quiet the second time", () => {
    const team = teamAfter(define, reserve("orders", "op-1", 40), commit("orders", "op-1"));
    expect(decide(commit("orders", "op-1"), team)).toEqual([]);
  });

  it("is refused where nothing was reserved", () => {
    expect(() => decide(commit("orders", "op-9"), teamAfter(define))).toThrow("has reserved nothing");
  });
});

describe("releasing", () => {
  it("a failed creation leaves nothing reserved", () => {
    const team = teamAfter(define, reserve("orders", "op-1", 40), giveUp("orders", "op-1"));
    expect(reserved(team)).toEqual({ write_rps: 0, read_rps: 0, data_size: 0, namespaces: 0 });
  });

  it("a failed update leaves what was held before", () => {
    const asked = [
      define,
      reserve("orders", "op-1", 40),
      commit("orders", "op-1"),
      reserve("orders", "op-2", 90),
    ];
    expect(reserved(teamAfter(...asked, giveUp("orders", "op-2"))).write_rps).toBe(40);
  });

  it("is quiet for an operation that holds nothing", () => {
    expect(decide(giveUp("orders", "op-9"), teamAfter(define, reserve("orders", "op-1", 40)))).toEqual([]);
    expect(decide(end("orders", "op-9"), teamAfter(define))).toEqual([]);
  });

  it("the end of one life does not take the quota of the next", () => {
    const next = [define, reserve("orders", "op-1", 40), commit("orders", "op-1"), end("orders", "op-2")];
    const team = teamAfter(...next, reserve("orders", "op-3", 20, 2));
    expect(decide(end("orders", "op-2", 1), team)).toEqual([]);
    expect(reserved(team).write_rps).toBe(20);
  });
});
