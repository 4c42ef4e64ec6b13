import fc from "fast-check";
import { expect, it } from "vitest";
import { stretches } from "../../proxy/stretches.ts";

it("stretches hold what was added and is not below what was cut, merged, in order", () => {
  const offset = fc.bigInt({ min: 0n, max: 60n });
  const step = fc.oneof(
    fc.record({ type: fc.constant("add" as const), offset }),
    fc.record({ type: fc.constant("cut" as const), offset }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const found = stretches();
      let expected = new Set<bigint>();
      for (const { type, offset } of steps) {
        if (type === "add") expected.add(offset);
        else expected = new Set([...expected].filter((each) => each >= offset));
        found[type](offset);
      }
      const held = Array.from({ length: 61 }, (_, at) => BigInt(at)).filter((each) => found.has(each));
      expect(held).toEqual([...expected].sort((a, b) => (a < b ? -1 : 1)));
      let before = -2n;
      for (const [first, last] of found.all()) {
        expect(first > before + 1n && last >= first).toBe(true);
        before = last;
      }
      const count = found.all().reduce((sum, [first, last]) => sum + last - first + 1n, 0n);
      expect(count).toBe(BigInt(expected.size));
    }),
  );
});
