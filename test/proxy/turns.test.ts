import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { turns } from "../../proxy/turns.ts";

/** An event loop by hand, and a clock that only work moves. */
function stage() {
  let now = 0;
  let next: (() => void)[] = [];
  const did: string[] = [];
  const spent = new Map<string, number>();
  const took = new Map<string, number>();
  const of = turns({
    clock: () => now,
    later: (work) => void next.push(work),
    took: (namespace, ms) => void took.set(namespace, (took.get(namespace) ?? 0) + ms),
  });
  const spend = (namespace: string, ms: number): void => {
    now += ms;
    spent.set(namespace, (spent.get(namespace) ?? 0) + ms);
  };
  return {
    did,
    spent,
    took,
    /** `what` is to be done for `ms` of the thread. */
    ask: (namespace: string, ms: number, what = namespace) =>
      of.take(namespace, async () => {
        did.push(what);
        spend(namespace, ms);
        return what;
      }),
    take: of.take,
    now: () => now,
    /** One round of the event loop; whether another is wanted. */
    round(): boolean {
      const due = next;
      next = [];
      for (const work of due) work();
      return next.length > 0;
    },
  };
}

describe("turns", () => {
  it("nobody waits while the process keeps up", async () => {
    const { ask, did, round } = stage();
    for (let count = 0; count < 100; count++) {
      await expect(ask("a", 0.1, `a${count}`)).resolves.toBe(`a${count}`);
      round();
    }
    expect(did).toHaveLength(100);
  });

  it("once a round takes long, what comes waits until the next, in its order", async () => {
    const { ask, did, round } = stage();
    const asked = ["1", "2", "3"].map((what) => ask("a", 3, what));
    expect(did).toEqual(["1"]);
    while (round());
    expect(await Promise.all(asked)).toEqual(["1", "2", "3"]);
    expect(did).toEqual(["1", "2", "3"]);
  });

  it("who asks for little waits for one quantum of who floods, not for all of it", () => {
    const { ask, did, round } = stage();
    for (let count = 0; count < 1_000; count++) void ask("flood", 0.1);
    did.length = 0;
    void ask("polite", 0.1);
    round();
    expect(did.indexOf("polite")).toBeLessThanOrEqual(5);
    expect(did.indexOf("polite")).toBeGreaterThanOrEqual(0);
  });

  it.each([
    ["as many", 0.1, 0.1],
    ["pieces ten times as large", 1, 0.1],
    ["pieces longer than a slice", 10, 0.1],
  ])("two that have more than can be done get equal parts of the thread: %s", (_, large, small) => {
    const { ask, spent, round } = stage();
    void ask("before", 3);
    for (let count = 0; count < 1_000 / large; count++) void ask("large", large);
    for (let count = 0; count < 1_000 / small; count++) void ask("small", small);
    while (round() && (spent.get("large") ?? 0) + (spent.get("small") ?? 0) < 500);
    const [a = 0, b = 0] = [spent.get("large"), spent.get("small")];
    expect(Math.abs(a - b)).toBeLessThanOrEqual(2 * large + 8);
  });

  it("three at a steady rate are served to the full beside one that wants twice what there is", () => {
    const { ask, did, round, now } = stage();
    // A tenth of the thread for each polite one: one piece a millisecond, twenty for the flood.
    const perMs = { a: 1, b: 1, c: 1, flood: 20 };
    const asked = { a: 0, b: 0, c: 0, flood: 0 };
    while (now() < 1_000) {
      for (const [name, rate] of Object.entries(perMs) as [keyof typeof asked, number][]) {
        while (asked[name] <= now() * rate) {
          asked[name]++;
          void ask(name, 0.1);
        }
      }
      round();
    }
    const served = (name: string) => did.filter((what) => what === name).length;
    for (const name of ["a", "b", "c"]) expect(served(name)).toBeGreaterThan(950);
    expect(served("flood")).toBeGreaterThan(6_500);
    expect(served("flood")).toBeLessThan(7_500);
  });

  it("says what each namespace's work took, also where it did not wait", () => {
    const { ask, took, round } = stage();
    void ask("a", 3);
    expect(took.get("a")).toBe(3);
    for (let count = 0; count < 10; count++) void ask(count % 2 === 0 ? "a" : "b", 0.25);
    while (round());
    expect(Object.fromEntries(took)).toEqual({ a: 4.25, b: 1.25 });
  });

  it("what had to wait runs in the context of who asked: a trace is no other call's", async () => {
    const { take, ask, round } = stage();
    const callers = new AsyncLocalStorage<string>();
    void ask("before", 3);
    const seen = ["one", "two"].map((caller) =>
      callers.run(caller, () => take("a", async () => callers.getStore())),
    );
    round();
    expect(await Promise.all(seen)).toEqual(["one", "two"]);
  });

  it("is told how its work ended, also where it had to wait", async () => {
    const { take, ask, round } = stage();
    void ask("a", 3);
    const refused = take("a", async () => {
      throw new Error("not this one");
    });
    round();
    await expect(refused).rejects.toThrow("not this one");
  });
});
