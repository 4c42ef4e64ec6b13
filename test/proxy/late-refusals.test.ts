import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lateRefusals } from "../../proxy/late-refusals.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("late refusals", () => {
  it("are answered in their order, so many a second and no more", () => {
    const answered: number[] = [];
    const { refuse } = lateRefusals({ perSecond: 100 });
    for (let count = 0; count < 200; count++) refuse("flood", () => answered.push(count));
    expect(answered).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(answered).toEqual(Array.from({ length: 100 }, (_, count) => count));
    vi.advanceTimersByTime(1_000);
    expect(answered).toHaveLength(200);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("slow down who waits for an answer before the next attempt, and nobody else", () => {
    let attempts = 0;
    const { refuse } = lateRefusals({ perSecond: 100 });
    const again = (): void => {
      attempts++;
      refuse("flood", again);
    };
    for (let caller = 0; caller < 50; caller++) again();
    vi.advanceTimersByTime(10_000);
    expect(attempts).toBeLessThanOrEqual(50 + 1_000);
    expect(attempts).toBeGreaterThan(900);
    let answered = false;
    refuse("another", () => {
      answered = true;
    });
    vi.advanceTimersByTime(20);
    expect(answered).toBe(true);
  });

  it("do not keep more calls than they may", () => {
    let answered = 0;
    const { refuse } = lateRefusals({ most: 10 });
    for (let count = 0; count < 25; count++) refuse("flood", () => answered++);
    expect(answered).toBe(15);
  });

  it("are all answered when the proxy stops", () => {
    let answered = 0;
    const { refuse, flush } = lateRefusals();
    for (const namespace of ["a", "b"]) refuse(namespace, () => answered++);
    flush();
    expect(answered).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
