import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { PrismError } from "../../../domain/errors.ts";
import { decide, decideAll, type TeamCommand } from "../../../domain/team/decide.ts";
import type { TeamEvent } from "../../../domain/team/events.ts";
import { parseQuota } from "../../../domain/team/parse-quota.ts";
import { evolve, reserved, type Team, undefinedTeam } from "../../../domain/team/team.ts";
import { commit, define, end, giveUp, quota, reserve, teamAfter, types } from "./given.ts";

function refusedWith(command: TeamCommand, team: Team): object {
  try {
    return decide(command, team);
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    const { code, message, details } = error;
    return { code, message, details };
  }
}

describe("a refusal says", () => {
  it("who has to define the team", () =>
    expect(refusedWith(reserve("orders", "op-1", 1), undefinedTeam)).toEqual({
      code: "INVALID_CONFIGURATION",
      message: "The team does not exist",
      details: { field: "team", recommendation: "Ask the platform team to define it" },
    }));

  const stillHeld = {
    code: "OPERATION_IN_PROGRESS",
    message: "Namespace 'orders' still holds quota for another operation",
    details: { field: "namespace", recommendation: "Wait for the operation to end" },
  };

  it("what holds the namespace's quota", () =>
    expect(
      refusedWith(reserve("orders", "op-2", 10), teamAfter(define, reserve("orders", "op-1", 40))),
    ).toEqual(stillHeld));

  it("that an earlier life still holds it", () => {
    const team = teamAfter(define, reserve("orders", "op-1", 40), commit("orders", "op-1"));
    expect(refusedWith(reserve("orders", "op-2", 10, 2), team)).toEqual(stillHeld);
    expect(types(decide(reserve("orders", "op-2", 10, 1), team))).toEqual(["QuotaReserved"]);
  });

  it("that it is our mistake where nothing was reserved", () =>
    expect(refusedWith(commit("orders", "op-9"), teamAfter(define))).toEqual({
      code: "INTERNAL",
      message: "operation op-9 has reserved nothing for namespace orders",
      details: {},
    }));
});

describe("a team nobody has defined", () => {
  it("is defined also with a quota of nothing", () => {
    const none = { write_rps: 0, read_rps: 0, data_size: 0, namespaces: 0 };
    expect(types(decide({ type: "DefineTeam", team: "new", quota: none }, undefinedTeam))).toEqual([
      "TeamDefined",
    ]);
  });
});

describe("the end of a namespace", () => {
  const team = teamAfter(define, reserve("orders", "op-1", 40), commit("orders", "op-1"));

  it("frees all that it held, in its operation's name", () => {
    expect(decide(end("orders", "op-2"), team)).toEqual([
      {
        type: "QuotaReleased",
        data: { team: "payments", namespace: "orders", operation: "op-2", released: "namespace" },
      },
    ]);
    const after = teamAfter(
      define,
      reserve("orders", "op-1", 40),
      commit("orders", "op-1"),
      end("orders", "op-2"),
    );
    expect(reserved(after)).toEqual({ write_rps: 0, read_rps: 0, data_size: 0, namespaces: 0 });
    expect(types(decide(reserve("orders", "op-3", 100, 2), after))).toEqual(["QuotaReserved"]);
  });

  it("frees it also where an update had reserved more", () => {
    const growing = [reserve("orders", "op-2", 90), end("orders", "op-3")].reduce(
      (state, command) => decide(command, state).reduce(evolve, state),
      team,
    );
    expect(growing.holdings.size).toBe(0);
  });
});

describe("facts about what a team does not hold", () => {
  it("change nothing", () => {
    const team = teamAfter(define);
    const data = { team: "payments", namespace: "orders", operation: "op-1" };
    expect(evolve(team, { type: "QuotaCommitted", data }).holdings.size).toBe(0);
    expect(
      evolve(team, { type: "QuotaReleased", data: { ...data, released: "reservation" } }).holdings.size,
    ).toBe(0);
  });
});

describe("a snapshot", () => {
  const turns = (count: number) =>
    Array.from({ length: count }, (_, turn) => [
      reserve("orders", `op-${turn}`, 5),
      giveUp("orders", `op-${turn}`),
    ]);
  const snapsOf = (commands: readonly TeamCommand[]) =>
    decideAll(undefinedTeam, commands).events.flatMap(({ type }, index) =>
      type === "QuotaSnapshot" ? [index] : [],
    );

  it("comes after exactly 200 events, and again after as many", () =>
    expect(snapsOf([define, ...turns(250).flat()])).toEqual([200, 401]));

  it("tells what is reserved and what is held, as the history did", () => {
    const held = [define, reserve("books", "op", 7), commit("books", "op"), reserve("files", "op-f", 3)];
    const { events, team } = decideAll(undefinedTeam, [...held, ...turns(99).flat()]);
    const snapshot = events.find(({ type }) => type === "QuotaSnapshot");
    const amounts = { read_rps: 10, data_size: "1KB", namespaces: 1 };
    expect(snapshot?.data).toEqual({
      team: "payments",
      quota: { ...quota, data_size: "10KB" },
      holdings: [
        {
          namespace: "books",
          incarnation: 1,
          committed: { operation: "op", amounts: { write_rps: 7, ...amounts } },
          pending: null,
        },
        {
          namespace: "files",
          incarnation: 1,
          committed: null,
          pending: { operation: "op-f", amounts: { write_rps: 3, ...amounts } },
        },
      ],
    });
    expect(team.holdings.size).toBe(2);
  });
});

describe("what goes wrong beside a refusal", () => {
  it("is our mistake, and not taken for one", () => {
    const halfSaid = {
      type: "ReserveQuota",
      namespace: "orders",
      operation: "op-1",
    } as unknown as TeamCommand;
    expect(() => decideAll(teamAfter(define), [halfSaid])).toThrow(TypeError);
    const nonsense = { type: "Nonsense" } as unknown as TeamCommand;
    expect(decideAll(teamAfter(define), [nonsense]).verdicts).toMatchObject([
      { accepted: false, error: { code: "INTERNAL", message: 'unexpected value {"type":"Nonsense"}' } },
    ]);
    expect(() => evolve(undefinedTeam, { type: "Nonsense" } as unknown as TeamEvent)).toThrow(
      'unexpected value {"type":"Nonsense"}',
    );
  });
});

it("a quota's document is refused with what it should say", async () => {
  const documents = [
    {},
    { quota: { write_rps: "x", read_rps: [], data_size: 1, namespaces: 0.5, other: 1 } },
    5,
  ];
  const answers = documents.map((document) => ({ document, ...parseQuota(document) }));
  await expect(stringify(answers, { lineWidth: 0 })).toMatchFileSnapshot("../mutants/pinned/quota.yaml");
});
