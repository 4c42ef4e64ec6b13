import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideAll, type TeamCommand } from "../../../domain/team/decide.ts";
import type { TeamEvent } from "../../../domain/team/events.ts";
import { amountNames } from "../../../domain/team/quota.ts";
import { evolve, reserved, type Team, undefinedTeam } from "../../../domain/team/team.ts";
import { runs } from "../runs.ts";
import { commit, define, end, giveUp, quota, reserve, teamAfter, types } from "./given.ts";

describe("everything queued for one team", () => {
  it("is decided in order, each with its own verdict", () => {
    const { events, verdicts, team } = decideAll(teamAfter(define), [
      reserve("orders", "op-1", 60),
      reserve("books", "op-2", 60),
      giveUp("orders", "op-1"),
      reserve("books", "op-3", 60),
    ]);
    expect(verdicts.map(({ accepted }) => accepted)).toEqual([true, false, true, true]);
    expect(types(events)).toEqual(["QuotaReserved", "QuotaReleased", "QuotaReserved"]);
    expect(reserved(team).write_rps).toBe(60);
  });

  it("is snapped every 200 events, and the snapshot tells as much as the history", () => {
    const busy = Array.from({ length: 150 }, (_, turn) => [
      reserve("orders", `op-${turn}`, 5),
      giveUp("orders", `op-${turn}`),
    ]);
    const { events, team } = decideAll(teamAfter(define), [reserve("books", "op", 7), ...busy.flat()]);
    const snapshots = events.filter(({ type }) => type === "QuotaSnapshot");
    expect(snapshots).toHaveLength(1);
    const latest = events.findLastIndex(({ type }) => type === "QuotaSnapshot");
    expect(events.slice(latest).reduce(evolve, undefinedTeam)).toEqual(team);
  });
});

describe("in any interleaving of decisions", { timeout: 60_000 }, () => {
  it("the sum of reservations never passes the quota", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40, size: "max" }), (commands) => {
        let team: Team = teamAfter(define);
        for (const event of decideAll(team, commands).events) {
          team = evolve(team, event);
          for (const name of amountNames) expect(reserved(team)[name]).toBeLessThanOrEqual(quota[name]);
        }
      }),
      runs(),
    );
  });

  it("deciding in batches, or one by one, comes to the same", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40, size: "max" }), fc.nat({ max: 40 }), (commands, cut) => {
        const whole = decideAll(teamAfter(define), commands);
        const first = decideAll(teamAfter(define), commands.slice(0, cut));
        const second = decideAll(first.team, commands.slice(cut));
        expect(second.team).toEqual(whole.team);
        expect([...first.events, ...second.events]).toEqual(whole.events);
      }),
      runs(1000),
    );
  });

  it("repeating accepted commands at once is quiet", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 20 }), command, (commands, last) => {
        const { team } = decideAll(teamAfter(define), commands);
        const once = decideAll(team, [last]);
        if (!once.verdicts[0]?.accepted) return;
        const again: readonly TeamEvent[] = decideAll(once.team, [last]).events;
        expect(again).toEqual([]);
      }),
      runs(1000),
    );
  });
});

const namespace = fc.constantFrom("a", "b", "c", "d", "e", "f");
const operation = fc.constantFrom("op-1", "op-2", "op-3", "op-4");
const incarnation = fc.constantFrom(1, 2);

const command: fc.Arbitrary<TeamCommand> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(namespace, operation, fc.nat({ max: 120 }), incarnation)
      .map((all) => reserve(...all)),
  },
  { weight: 2, arbitrary: fc.tuple(namespace, operation).map((both) => commit(...both)) },
  { weight: 1, arbitrary: fc.tuple(namespace, operation).map((both) => giveUp(...both)) },
  { weight: 1, arbitrary: fc.tuple(namespace, operation, incarnation).map((all) => end(...all)) },
);
