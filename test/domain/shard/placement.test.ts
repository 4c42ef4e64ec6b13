import { describe, expect, it } from "vitest";
import { ranked } from "../../../domain/shard/placement.ts";

const named = (count: number, weight = 1) =>
  Array.from({ length: count }, (_, at) => ({ shard: `shard-${at + 1}`, weight }));
const namespaces = (count: number) =>
  Array.from({ length: count }, (_, at) => `team-${at % 37}-orders-${at}`);
const placed = (namespace: string, shards: ReturnType<typeof named>): string =>
  ranked(namespace, shards)[0]?.shard ?? "";

/** How many of the namespaces each shard has. */
function loads(names: readonly string[], shards: ReturnType<typeof named>): ReadonlyMap<string, number> {
  const counted = new Map(shards.map(({ shard }) => [shard, 0]));
  for (const name of names) {
    const shard = placed(name, shards);
    counted.set(shard, (counted.get(shard) ?? 0) + 1);
  }
  return counted;
}

describe("placing namespaces", () => {
  it("moves with one shard more no larger part than that shard's share and two points, from 2 to 100", () => {
    const names = namespaces(2_000);
    // Of ranked shards the first that is among the first n is where it would be with n of them.
    const all = named(101);
    const moved = new Array<number>(101).fill(0);
    for (const name of names) {
      let best = Number.POSITIVE_INFINITY;
      for (const shard of ranked(name, all).map(({ shard: one }) => Number(one.slice("shard-".length)))) {
        // Each that comes later in the ranking and has a smaller number was the best one before.
        if (shard >= best) continue;
        if (Number.isFinite(best)) moved[best - 1] = (moved[best - 1] ?? 0) + 1;
        best = shard;
      }
    }
    for (let n = 2; n <= 100; n++) {
      const part = (moved[n] ?? 0) / names.length;
      expect(part, `from ${n} to ${n + 1} shards`).toBeLessThanOrEqual(1 / (n + 1) + 0.02);
      // And no other way than to the new one: its share is what moves.
      expect(part, `from ${n} to ${n + 1} shards`).toBeGreaterThanOrEqual(1 / (n + 1) - 0.02);
    }
  });

  it("is the same as placing anew: who moves goes to the shard that was added", () => {
    for (const n of [2, 3, 10, 40]) {
      for (const name of namespaces(300)) {
        const [before, after] = [placed(name, named(n)), placed(name, named(n + 1))];
        expect([before, `shard-${n + 1}`]).toContain(after);
      }
    }
  });

  it("leaves the heaviest of a hundred shards at most a quarter above the mean", () => {
    const names = namespaces(20_000);
    const heaviest = Math.max(...loads(names, named(100)).values());
    expect(heaviest).toBeLessThanOrEqual(1.25 * (names.length / 100));
  });

  it("gives a shard of three times the weight three times as many", () => {
    const shards = [...named(3), { shard: "large", weight: 3 }];
    const large = loads(namespaces(6_000), shards).get("large") ?? 0;
    expect(large / 6_000).toBeGreaterThan(0.47);
    expect(large / 6_000).toBeLessThan(0.53);
  });

  it("depends on names and weights, not on the order in which shards are listed", () => {
    for (const name of namespaces(200)) expect(placed(name, named(7).reverse())).toBe(placed(name, named(7)));
  });

  it("is what it has always been", () => {
    expect(namespaces(8).map((name) => placed(name, named(5)))).toMatchInlineSnapshot(`
      [
        "shard-4",
        "shard-2",
        "shard-4",
        "shard-3",
        "shard-2",
        "shard-4",
        "shard-4",
        "shard-2",
      ]
    `);
  });
});
