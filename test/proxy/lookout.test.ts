import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lookout } from "../../proxy/lookout.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the lookout", () => {
  it("asks once for all that are watched, and tells each whether its log is behind", async () => {
    let asked = 0;
    const looks = lookout(
      async () => {
        asked++;
        return new Set(["orders"]);
      },
      { everyMs: 250 },
    );
    const told: string[] = [];
    looks.watch("orders", (behind) => told.push(`orders ${behind}`));
    looks.watch("payments", (behind) => told.push(`payments ${behind}`));
    await vi.advanceTimersByTimeAsync(250);
    expect(asked).toBe(1);
    expect(told).toEqual(["orders true", "payments false"]);
    await looks.close();
  });

  it("asks nothing where nothing is watched, and one question at a time", async () => {
    let asked = 0;
    const answer = Promise.withResolvers<ReadonlySet<string>>();
    const looks = lookout(
      () => {
        asked++;
        return answer.promise;
      },
      { everyMs: 250 },
    );
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toBe(0);
    const unwatch = looks.watch("orders", () => {});
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toBe(1);
    answer.resolve(new Set());
    await vi.advanceTimersByTimeAsync(250);
    expect(asked).toBe(2);
    unwatch();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toBe(2);
    await looks.close();
  });

  it("goes on after a look that failed", async () => {
    let asked = 0;
    const looks = lookout(
      async () => {
        if (++asked === 1) throw new Error("no connection");
        return new Set(["orders"]);
      },
      { everyMs: 250 },
    );
    const told: boolean[] = [];
    looks.watch("orders", (behind) => told.push(behind));
    await vi.advanceTimersByTimeAsync(500);
    expect(told).toEqual([true]);
    await looks.close();
  });
});
