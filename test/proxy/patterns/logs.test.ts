import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LogStanding } from "../../../backends/write-ahead-log/write-ahead-log.ts";
import { seldomAtRest } from "../../../proxy/patterns/logs.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Housekeeping that is asked for every five seconds, as the relay does. */
function keeping() {
  let head = 10n;
  let asked = 0;
  const rounds: bigint[] = [];
  let fails = false;
  const keep = seldomAtRest(
    {
      async standing(): Promise<LogStanding> {
        asked++;
        return { head, relayed: head, oldestPendingMs: 0, bytes: 0n };
      },
    },
    async (relayed) => {
      rounds.push(relayed);
      if (fails) throw new Error("Postgres is away");
    },
  );
  return {
    rounds,
    asked: () => asked,
    adds: (count: bigint) => {
      head += count;
    },
    fails: (is: boolean) => {
      fails = is;
    },
    /** Rounds that come in so many seconds. */
    async pass(seconds: number, relayed: bigint): Promise<number> {
      const before = rounds.length;
      for (let at = 0; at < seconds; at += 5) {
        await vi.advanceTimersByTimeAsync(5_000);
        await keep(relayed).catch(() => {});
      }
      return rounds.length - before;
    },
  };
}

describe("a log's housekeeping", () => {
  it("comes every time while messages are relayed", async () => {
    const { rounds, pass } = keeping();
    for (let relayed = 1n; relayed <= 6n; relayed++) await pass(5, relayed);
    expect(rounds).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
  });

  it("comes once a minute at rest: segments grow old then too", async () => {
    const { pass, asked } = keeping();
    expect(await pass(5, 10n)).toBe(1);
    expect(await pass(300, 10n)).toBe(5);
    // The rest of the time it is one small question.
    expect(asked()).toBe(55);
  });

  it("comes every time while the broker takes nothing: what waits is to be weighed", async () => {
    const { pass, adds } = keeping();
    await pass(5, 10n);
    adds(1n);
    expect(await pass(30, 10n)).toBe(6);
  });

  it("comes again at once where it failed", async () => {
    const { pass, fails } = keeping();
    fails(true);
    expect(await pass(15, 10n)).toBe(3);
    fails(false);
    expect(await pass(15, 10n)).toBe(1);
  });
});
