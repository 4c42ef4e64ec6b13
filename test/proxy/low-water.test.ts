import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowWater } from "../../proxy/low-water.ts";

describe("how far a partition is done", () => {
  it("stands where it began until the first record is done", () => {
    const water = lowWater(10n);
    water.add(12n);
    expect(water.mark()).toBe(12n);
    water.done(12n);
    expect(water.mark()).toBe(13n);
  });

  it("goes past what needs no acknowledgement", () => {
    const water = lowWater(10n);
    water.passed(20n);
    expect(water.mark()).toBe(20n);
  });

  it("waits for the one that is missing", () => {
    const water = lowWater(0n);
    for (const offset of [0n, 1n, 2n]) water.add(offset);
    water.passed(9n);
    water.done(1n);
    water.done(2n);
    expect([water.mark(), water.isDone(1n), water.isDone(0n)]).toEqual([0n, true, false]);
    water.done(0n);
    expect(water.mark()).toBe(9n);
  });

  it("is below the first record that is not done, whatever the order of acknowledgements", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(5_000), { maxLength: 3_000 }),
        fc.infiniteStream(fc.nat()),
        (some, random) => {
          const offsets = some.sort((a, b) => a - b).map(BigInt);
          const water = lowWater(0n);
          for (const offset of offsets) water.add(offset);
          const open = new Set(offsets);
          const shuffled = offsets
            .map((offset) => ({ offset, at: random.next().value as number }))
            .sort((a, b) => a.at - b.at);
          for (const { offset } of shuffled.slice(0, Math.floor(shuffled.length * 0.9))) {
            water.done(offset);
            open.delete(offset);
          }
          const first = offsets.find((offset) => open.has(offset));
          const end = offsets.length === 0 ? 0n : (offsets.at(-1) ?? 0n) + 1n;
          expect(water.mark()).toBe(first ?? end);
          for (const offset of offsets) expect(water.isDone(offset)).toBe(!open.has(offset));
        },
      ),
      { numRuns: 50 },
    );
  });
});
