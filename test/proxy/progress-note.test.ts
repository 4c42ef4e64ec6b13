import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginAfter, decodeNote, encodeNote } from "../../proxy/progress-note.ts";

const offset = fc.bigInt({ min: 0n, max: 400n });

describe("a note beside an offset", () => {
  it("says to whoever goes on what was known", () => {
    const known = fc.record({
      mark: fc.bigInt({ min: 0n, max: 2n ** 62n }),
      done: fc.uniqueArray(offset, { maxLength: 120 }),
      failures: fc.uniqueArray(offset, { maxLength: 60 }),
      from: fc.bigInt({ min: 0n, max: 2n ** 60n }),
    });
    fc.assert(
      fc.property(known, ({ mark, done, failures, from }) => {
        const sorted = done.map((each) => from + each).sort((a, b) => (a < b ? -1 : 1));
        const failed = new Map(failures.map((each) => [from + each, Number(each % 5n) + 1]));
        const note = encodeNote({ mark, done: sorted, failures: failed }, from);
        expect(decodeNote(note, from)).toEqual({ mark, done: sorted, failures: failed });
        expect(note.length).toBeLessThanOrEqual(4_000);
      }),
    );
  });

  it("leaves out what a broker would not take, and nothing else", () => {
    const done = Array.from({ length: 4_000 }, (_, at) => 2n * BigInt(at));
    const note = encodeNote({ mark: 5n, done, failures: new Map([[1n, 3]]) }, 0n);
    expect(note.length).toBeLessThanOrEqual(4_000);
    const known = decodeNote(note, 0n);
    expect([known.mark, known.failures]).toEqual([5n, new Map([[1n, 3]])]);
    expect(known.done.length).toBeGreaterThan(500);
    expect(done.slice(0, known.done.length)).toEqual(known.done);
  });

  it("is empty where there is nothing to say, and says nothing where it is not ours", () => {
    expect(encodeNote({ mark: 0n, done: [], failures: new Map() }, 7n)).toBe("");
    for (const text of ["", "2;zz;;", "somebody else's"]) {
      expect(decodeNote(text, 3n)).toEqual({ mark: 0n, done: [], failures: new Map() });
    }
    expect(decodeNote(beginAfter(41n), 9n).mark).toBe(41n);
  });
});
