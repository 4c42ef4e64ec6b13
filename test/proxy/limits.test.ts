import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { EntrySchema } from "../../proto/gen/prism/control/v1/control_pb.js";
import { type LimitsOptions, limits } from "../../proxy/limits.ts";

const entry = create(EntrySchema, {
  namespace: "orders",
  limits: { writeRps: 10, readRps: 4, connections: 3 },
});

function limited(options: Partial<LimitsOptions> = {}) {
  let now = 0;
  const of = limits({ proxies: () => 1, clock: () => now, ...options });
  const writes = (count: number, caller = "service:a"): number => {
    let taken = 0;
    for (let at = 0; at < count; at++) {
      try {
        of.write(entry, caller);
        taken++;
      } catch {
        // Not this one.
      }
    }
    return taken;
  };
  return { of, writes, pass: (ms: number) => (now += ms) };
}

describe("a namespace's writes", () => {
  it("are let through at its rate, a second of it at once", () => {
    const { writes, pass } = limited();
    expect(writes(50)).toBe(10);
    pass(500);
    expect(writes(50)).toBe(5);
    pass(60_000);
    expect(writes(50)).toBe(10);
  });

  it("are refused with when to try again, which is then right", () => {
    const { of, writes, pass } = limited();
    writes(10);
    let afterMs = 0;
    try {
      of.write(entry, "service:a");
    } catch (error) {
      expect(error).toMatchObject({ code: "RATE_LIMITED", details: { field: "needs.write_rps" } });
      afterMs = (error as { details: { retry_after_ms: number } }).details.retry_after_ms;
    }
    expect(afterMs).toBe(100);
    pass(afterMs);
    expect(writes(5)).toBe(1);
  });

  it("are shared by the proxies there are", () => {
    let proxies = 2;
    const { writes, pass } = limited({ proxies: () => proxies });
    expect(writes(50)).toBe(5);
    proxies = 1;
    pass(1_000);
    expect(writes(50)).toBe(10);
  });

  it("do not count against another namespace", () => {
    const { of, writes } = limited();
    writes(50);
    expect(() => of.write({ ...entry, namespace: "others" }, "service:a")).not.toThrow();
  });
});

describe("a caller's writes", () => {
  /** So many attempts a tenth of a second, for ten seconds, after ten to settle; answers what was taken of each. */
  const contest = (attempts: Readonly<Record<string, number>>) => {
    const { writes, pass } = limited();
    const taken = Object.fromEntries(Object.keys(attempts).map((caller) => [caller, 0]));
    for (let tick = 0; tick < 200; tick++) {
      pass(100);
      for (const [caller, count] of Object.entries(attempts)) {
        const got = writes(count, caller);
        if (tick >= 100) taken[caller] = (taken[caller] ?? 0) + got;
      }
    }
    return taken;
  };

  it("come to a whole equal part, however greedy another is", () => {
    const taken = contest({ greedy: 50, polite: 1 });
    expect(taken).toMatchObject({ polite: 50 });
  });

  it("get an equal part where all want more, whoever comes first", () => {
    const { a = 0, b = 0 } = contest({ a: 50, b: 50 });
    expect(a + b).toBeGreaterThanOrEqual(99);
    expect(Math.abs(a - b)).toBeLessThanOrEqual(10);
  });

  it("get what others leave, and all of it once they are gone", () => {
    const { writes, pass } = limited();
    writes(1, "quiet");
    pass(11_000);
    writes(1, "busy");
    writes(1, "another");
    pass(11_000);
    expect(writes(50, "alone")).toBe(10);
  });

  it("are refused with when the part has room again", () => {
    const { of, writes, pass } = limited();
    writes(1, "b");
    writes(50, "a");
    let afterMs = 0;
    try {
      of.write(entry, "a");
    } catch (error) {
      afterMs = (error as { details: { retry_after_ms: number } }).details.retry_after_ms;
    }
    expect(afterMs).toBeGreaterThan(0);
    pass(afterMs);
    expect(writes(1, "a")).toBe(1);
  });
});

describe("a namespace's reads", () => {
  it("wait for as long as it takes", () => {
    const { of, pass } = limited();
    const read = () => of.read(entry, "service:a");
    expect([1, 2, 3, 4].map(read)).toEqual([0, 0, 0, 0]);
    expect(read()).toBe(250);
    pass(250);
    expect([read(), read()]).toEqual([250, 500]);
    pass(10_000);
    expect(read()).toBe(0);
  });
});

describe("a caller's reads", () => {
  const perSecond = 100;
  const busy = create(EntrySchema, { namespace: "orders", limits: { readRps: perSecond } });

  /** Consumers that take whenever they may, or only so often; a hundred seconds of it after ten to settle: what each caller got a second. */
  const contest = (consumers: Readonly<Record<string, { streams: number; everyMs?: number }>>) => {
    const { of, pass } = limited();
    const taken: Record<string, number> = {};
    const streams = Object.entries(consumers).flatMap(([caller, { streams: count, everyMs = 0 }]) =>
      Array.from({ length: count }, () => ({ caller, everyMs, readyAt: 0 })),
    );
    for (let now = 0; now < 110_000; now++, pass(1)) {
      for (const stream of streams) {
        if (stream.readyAt > now) continue;
        if (now >= 10_000) taken[stream.caller] = (taken[stream.caller] ?? 0) + 1;
        stream.readyAt = now + Math.max(1, stream.everyMs, of.read(busy, stream.caller));
      }
    }
    return Object.fromEntries(Object.entries(taken).map(([caller, count]) => [caller, count / 100]));
  };

  it("come to an equal part, however many consumers another has", () => {
    const { greedy = 0, single = 0 } = contest({ greedy: { streams: 20 }, single: { streams: 1 } });
    expect(single).toBeGreaterThan(45);
    expect(greedy).toBeGreaterThan(45);
    expect(single + greedy).toBeLessThan(102);
  });

  it("are not delayed below that, and what they leave is the others'", () => {
    const { greedy = 0, polite = 0 } = contest({
      greedy: { streams: 20 },
      polite: { streams: 1, everyMs: 50 },
    });
    expect(polite).toBeCloseTo(20, 0);
    expect(greedy).toBeGreaterThan(75);
    expect(polite + greedy).toBeLessThan(102);
  });

  it("come to an equal part of three, however many consumers each has", () => {
    const { a = 0, b = 0, c = 0 } = contest({ a: { streams: 1 }, b: { streams: 10 }, c: { streams: 30 } });
    expect(Math.min(a, b, c)).toBeGreaterThan(30);
    expect(a + b + c).toBeLessThan(102);
  });
});

describe("a namespace's connections", () => {
  /** Takes so many for the caller; answers those that it got and that nobody took away since. */
  const taken = (of: ReturnType<typeof limited>["of"], caller: string, count: number) => {
    const kept = new Set<() => void>();
    for (let at = 0; at < count; at++) {
      try {
        const leave: () => void = of.open(entry, caller, () => kept.delete(leave));
        kept.add(leave);
      } catch (error) {
        expect(error).toMatchObject({
          code: "RATE_LIMITED",
          details: { field: "needs.concurrent_connections" },
        });
      }
    }
    return kept;
  };

  it("are as many as it has reserved, and free again when one ends", () => {
    const { of } = limited();
    const [end] = taken(of, "service:a", 5);
    expect(taken(of, "service:a", 1).size).toBe(0);
    end?.();
    end?.();
    expect(taken(of, "service:a", 2).size).toBe(1);
  });

  it("are left, the newest first, by who has more than an equal part to who has less", () => {
    const { of } = limited();
    const greedy = taken(of, "service:greedy", 5);
    const [first, second] = greedy;
    expect(taken(of, "service:polite", 1).size).toBe(1);
    expect([...greedy]).toEqual([first, second]);
    // An equal part is all that somebody else may be asked for.
    expect(taken(of, "service:polite", 1).size).toBe(0);
    expect(taken(of, "service:third", 1).size).toBe(1);
    expect(taken(of, "service:fourth", 1).size).toBe(0);
    expect([...greedy]).toEqual([first]);
  });

  it("are given up where the proxy's part of them has become smaller", () => {
    let proxies = 1;
    const { of } = limited({ proxies: () => proxies });
    const greedy = taken(of, "service:greedy", 3);
    proxies = 2;
    expect(taken(of, "service:polite", 1).size).toBe(1);
    expect(greedy.size).toBe(1);
  });
});

describe("what is under way", () => {
  const others = { ...entry, namespace: "others" };
  const third = { ...entry, namespace: "third" };

  it("is bounded for a namespace", () => {
    const { of } = limited({ namespaceBytes: 100, proxyBytes: 1_000 });
    const release = of.hold(entry, 80);
    expect(() => of.hold(entry, 30)).toThrow("under way");
    release();
    release();
    expect(() => of.hold(entry, 90)).not.toThrow();
    expect(() => of.hold(entry, 20)).toThrow("under way");
  });

  it("leaves an equal part of half the proxy's to each namespace, however much others hold", () => {
    const { of } = limited({ namespaceBytes: 100, proxyBytes: 200 });
    const release = of.hold(entry, 100);
    expect(() => of.hold(others, 60)).toThrow("under way");
    of.hold(others, 50);
    of.hold(third, 33);
    expect(() => of.hold(third, 1)).toThrow("under way");
    release();
    expect(() => of.hold(third, 10)).not.toThrow();
  });
});
