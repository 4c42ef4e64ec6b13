import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LogStanding } from "../../../backends/write-ahead-log/write-ahead-log.ts";
import { logMetrics } from "../../../proxy/log-metrics.ts";
import { lookout } from "../../../proxy/lookout.ts";
import { logPattern } from "../../../proxy/patterns/log-pattern.ts";
import type { Beginning } from "../../../proxy/patterns/pattern.ts";
import { decodeNote } from "../../../proxy/progress-note.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const rest: LogStanding = { head: 5n, relayed: 5n, oldestPendingMs: 0, bytes: 0n };

/** A proxy that serves the log of 'orders'; other proxies make it fall behind. */
function stage() {
  const behind = new Set<string>();
  let standing = rest;
  let woken = 0;
  let counted = 0;
  const registry = new Registry();
  const looks = lookout(async () => new Set(behind), { everyMs: 250 });
  const pattern = logPattern({
    name: "wal",
    namespace: "orders",
    log: {
      prepare: async () => {},
      append: async () => [],
      read: async () => [],
      async standing() {
        counted++;
        return standing;
      },
      layouts: async () => [],
      // One a second.
      recordedAt: async (position) => (position > standing.head ? undefined : Number(position) * 1_000),
    },
    relay: { name: "relay", lead: async () => {}, offer: () => {}, wake: () => void woken++ },
    lookout: looks,
    failpoint: () => {},
    metrics: logMetrics(registry),
    troubled: () => {},
    mostBytes: 1_000n,
    replays: true,
  });
  return {
    pattern,
    behind,
    woken: () => woken,
    counted: () => counted,
    stands: (more: Partial<LogStanding>) => {
      standing = { ...rest, ...more };
    },
    pending: async () =>
      (await registry.metrics()).match(/prism_pattern_wal_pending_count\{namespace="orders"\} (\d+)/)?.[1],
    end: () => Promise.all([pattern.close?.(), looks.close()]),
  };
}

it("wakes the relay within a look of another proxy's publish, and not for other logs", async () => {
  const { behind, woken, end } = stage();
  behind.add("payments");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(woken()).toBe(0);
  behind.add("orders");
  // Long before the relay looks by itself.
  await vi.advanceTimersByTimeAsync(250);
  expect(woken()).toBe(1);
  behind.clear();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(woken()).toBe(1);
  await end();
});

it("counts what is pending while it is behind, once more when it has caught up, and never at rest", async () => {
  const { behind, counted, stands, pending, end } = stage();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(counted()).toBe(0);
  stands({ head: 8n });
  behind.add("orders");
  await vi.advanceTimersByTimeAsync(250);
  expect(await pending()).toBe("3");
  stands({ head: 8n, relayed: 8n });
  behind.clear();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await pending()).toBe("0");
  const then = counted();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(counted()).toBe(then);
  await end();
});

const message = {
  id: "6a1d1d1e-3c1f-5e0a-9d55-1f2b6d3c4e5f",
  topic: "t",
  key: "",
  payload: new Uint8Array(1),
  metadata: {},
  publishedAtMs: 0,
  headers: {},
  once: false,
};

it("refuses publishes while the log is full, and takes them again once it has been relayed", async () => {
  const { pattern, behind, stands, end } = stage();
  const publish = pattern.publish?.(() => Promise.reject(new Error("the log is the end of the way")));
  stands({ head: 8n, bytes: 1_001n });
  behind.add("orders");
  await vi.advanceTimersByTimeAsync(2_000);
  await expect(publish?.(message)).rejects.toMatchObject({ code: "WAL_FULL" });
  stands({ head: 8n, relayed: 8n });
  behind.clear();
  await vi.advanceTimersByTimeAsync(2_000);
  // It reaches the log, which in this test keeps nothing.
  const answered = expect(publish?.(message)).rejects.toMatchObject({ code: "INTERNAL" });
  await vi.advanceTimersByTimeAsync(1);
  await answered;
  await end();
});

it("fixes where a group begins when it is asked, also where nothing has been published yet", async () => {
  const { pattern, stands, end } = stage();
  const begins = async (beginning: Beginning) => {
    const start = await pattern.locate?.(beginning);
    if (typeof start !== "object") return start;
    return { atMs: start.atMs, after: decodeNote(start.note, 0n).mark };
  };
  expect(await begins({ timeMs: 3_000 })).toEqual({ atMs: 2_000, after: 2n });
  expect(await begins({ timeMs: 5_001 })).toEqual({ atMs: 5_000, after: 5n });
  expect(await begins({ offset: "w.4" })).toEqual({ atMs: 3_000, after: 3n });
  expect(await begins({ offset: "w.6" })).toEqual({ atMs: 5_000, after: 5n });
  expect(await begins({ offset: "w.9223372036854775807" })).toEqual({ atMs: 5_000, after: 5n });
  for (const offset of ["w.9223372036854775808", "k.0.1", "w.-1"]) {
    await expect(begins({ offset })).rejects.toMatchObject({ code: "INVALID_CONFIGURATION" });
  }
  stands({ head: 0n });
  for (const beginning of [{ timeMs: 5_000 }, { offset: "w.0" }, { offset: "w.1" }]) {
    expect(await begins(beginning)).toEqual({ atMs: 0, after: 0n });
  }
  await end();
});

it("takes publishes again when the log is measured late, long after the relay has caught up", async () => {
  const { pattern, behind, stands, end } = stage();
  const publish = pattern.publish?.(() => Promise.reject(new Error("the log is the end of the way")));
  stands({ head: 8n, bytes: 1_001n });
  behind.add("orders");
  await vi.advanceTimersByTimeAsync(2_000);
  // Nothing is behind, and somebody who reads the log's table keeps it from being measured.
  stands({ head: 8n, relayed: 8n, bytes: 1_001n });
  behind.clear();
  await vi.advanceTimersByTimeAsync(10_000);
  await expect(publish?.(message)).rejects.toMatchObject({ code: "WAL_FULL" });
  stands({ head: 8n, relayed: 8n });
  await vi.advanceTimersByTimeAsync(2_000);
  // It reaches the log, which in this test keeps nothing.
  const answered = expect(publish?.(message)).rejects.toMatchObject({ code: "INTERNAL" });
  await vi.advanceTimersByTimeAsync(1);
  await answered;
  await end();
});
