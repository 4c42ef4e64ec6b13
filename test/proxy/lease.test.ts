import { describe, expect, it } from "vitest";
import { lease } from "../../proxy/lease.ts";

const started = () => {
  const clock = { now: 1_000, setBy: 0 };
  return { clock, leased: lease({ monotonic: () => clock.now, wall: () => clock.now + clock.setBy }) };
};

describe("a lease", () => {
  it("was never there before the first", () => {
    expect(started().leased.overdueMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it("counts from when it was asked for, not from when it was granted", () => {
    const { clock, leased } = started();
    leased.asked();
    clock.now = 1_400;
    leased.granted(1_000);
    clock.now = 2_000;
    expect(leased.overdueMs()).toBe(0);
    clock.now = 2_100;
    expect(leased.overdueMs()).toBe(100);
  });

  it("answers questions in their order", () => {
    const { clock, leased } = started();
    leased.asked();
    clock.now = 1_500;
    leased.asked();
    leased.granted(1_000);
    expect(leased.remainingMs()).toBe(500);
    leased.granted(1_000);
    expect(leased.remainingMs()).toBe(1_000);
  });

  it("of no length allows nothing, not even for a stale limit, and another is expected", () => {
    const { leased } = started();
    leased.expect();
    leased.asked();
    leased.granted(0);
    expect([leased.overdueMs(), leased.expected]).toEqual([Number.POSITIVE_INFINITY, true]);
  });

  it("is not renewed by an answer to a question of another connection", () => {
    const { leased } = started();
    leased.asked();
    leased.forgetQuestions();
    leased.granted(1_000);
    expect(leased.overdueMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it("is inherited with what was left of it, also if that is less than nothing", () => {
    const { clock, leased } = started();
    leased.inherit(-60_000);
    clock.now = 2_000;
    expect(leased.overdueMs()).toBe(61_000);
  });

  it("runs out while its machine is suspended, when only the clock on the wall goes on", () => {
    const { clock, leased } = started();
    leased.asked();
    leased.granted(1_000);
    clock.setBy = 60_000;
    expect([leased.overdueMs(), leased.remainingMs()]).toEqual([59_000, -59_000]);
    leased.asked();
    leased.granted(1_000);
    expect([leased.overdueMs(), leased.remainingMs()]).toEqual([0, 1_000]);
  });

  it("is no longer for a clock on the wall that is set back", () => {
    const { clock, leased } = started();
    leased.asked();
    leased.granted(1_000);
    clock.setBy = -3_600_000;
    clock.now = 2_500;
    expect(leased.overdueMs()).toBe(500);
  });
});
