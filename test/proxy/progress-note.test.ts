import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginAfter, decodeNote, encodeNote } from "../../proxy/progress-note.ts";
import { type Stretch, stretches } from "../../proxy/stretches.ts";

function merged(offsets: Iterable<bigint>): readonly Stretch[] {
  const found = stretches();
  for (const offset of offsets) found.add(offset);
  return found.all();
}

const each = (known: readonly Stretch[]): bigint[] =>
  known.flatMap(([first, last]) =>
    Array.from({ length: Number(last - first) + 1 }, (_, at) => first + BigInt(at)),
  );

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
        const sorted = merged(done.map((offset) => from + offset));
        const failed = new Map(failures.map((each) => [from + each, Number(each % 5n) + 1]));
        const note = encodeNote({ mark, done: sorted, failures: failed }, from);
        expect(decodeNote(note, from)).toEqual({ mark, done: sorted, failures: failed });
        expect(note.length).toBeLessThanOrEqual(4_000);
      }),
    );
  });

  it("leaves out what a broker would not take, and nothing else", () => {
    const done = Array.from({ length: 4_000 }, (_, at) => 2n * BigInt(at));
    const note = encodeNote({ mark: 5n, done: merged(done), failures: new Map([[1n, 3]]) }, 0n);
    expect(note.length).toBeLessThanOrEqual(4_000);
    const known = decodeNote(note, 0n);
    expect([known.mark, known.failures]).toEqual([5n, new Map([[1n, 3]])]);
    expect(known.done.length).toBeGreaterThan(500);
    expect(done.slice(0, known.done.length)).toEqual(each(known.done));
  });

  it("never leaves out what the note before it said is done, however much there is to say by now", () => {
    const offset = fc.integer({ min: 0, max: 20_000 });
    const offsets = fc.uniqueArray(offset, { minLength: 1, maxLength: 1_000, size: "max" });
    const marks = fc.bigInt({ min: 1n, max: 2n ** 62n });
    fc.assert(
      fc.property(fc.array(fc.record({ offsets, mark: marks }), { maxLength: 6 }), (rounds) => {
        let note = "";
        const done = new Set<bigint>();
        for (const { offsets: more, mark } of rounds) {
          const kept = decodeNote(note, 0n).done;
          for (const offset of more) done.add(BigInt(offset));
          const failures = new Map(more.map((offset) => [BigInt(offset) + 20_001n, 3]));
          note = encodeNote({ mark, done: merged(done), failures }, 0n, kept);
          const noted = new Set(each(decodeNote(note, 0n).done));
          expect(each(kept).filter((offset) => !noted.has(offset))).toEqual([]);
          expect([...noted].filter((offset) => !done.has(offset))).toEqual([]);
          // What a broker takes unless told otherwise.
          expect(note.length).toBeLessThanOrEqual(4_096);
        }
      }),
      // To shrink a thousand offsets takes minutes.
      { numRuns: 40, endOnFailure: true },
    );
  });

  it("notes what fills a gap also where there is no room, because that takes none", () => {
    const gaps = Array.from({ length: 4_000 }, (_, at) => 2n * BigInt(at));
    const before = encodeNote({ mark: 5n, done: merged(gaps), failures: new Map() }, 0n);
    const kept = decodeNote(before, 0n).done;
    const filling = each(kept)
      .slice(-100, -1)
      .map((offset) => offset + 1n);
    const done = [...gaps, ...filling];
    const note = encodeNote({ mark: 5n, done: merged(done), failures: new Map() }, 0n, kept);
    const noted = new Set(each(decodeNote(note, 0n).done));
    expect([...each(kept), ...filling].filter((offset) => !noted.has(offset))).toEqual([]);
    expect(noted.size).toBeLessThan(done.length);
  });

  it("is empty where there is nothing to say, and says nothing where it is not ours", () => {
    expect(encodeNote({ mark: 0n, done: [], failures: new Map() }, 7n)).toBe("");
    for (const text of ["", "2;zz;;", "somebody else's"]) {
      expect(decodeNote(text, 3n)).toEqual({ mark: 0n, done: [], failures: new Map() });
    }
    expect(decodeNote(beginAfter(41n), 9n).mark).toBe(41n);
  });
});
