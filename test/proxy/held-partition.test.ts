import { describe, expect, it } from "vitest";
import { heldPartition } from "../../proxy/held-partition.ts";
import { decodeNote } from "../../proxy/progress-note.ts";

const memory = { take: () => {}, give: () => {} };
const million = 1_000_000;

/** A million messages, of which all are done but the first. */
function millionAboveOne() {
  const of = heldPartition({ position: 0n, note: "" }, memory);
  for (let at = 0; at < million; at++) of.takes(BigInt(at), BigInt(at + 1), 100);
  for (let at = 1; at < million; at++) of.done(BigInt(at), 100);
  return of;
}

describe("a partition whose first message is held while a million others are done", () => {
  it("notes, keeps and reads that as one stretch, whatever its length", () => {
    const of = millionAboveOne();
    expect(of.water.doneAbove()).toEqual([[1n, BigInt(million - 1)]]);
    const progress = of.progress();
    expect(progress.offset).toBe(0n);
    expect(decodeNote(progress.note, 0n).done).toEqual([[1n, BigInt(million - 1)]]);
    of.committed(progress);
    expect([of.covers(0n), of.covers(1n), of.covers(999_999n), of.covers(1_000_000n)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it("is gone on with by another, who delivers the first and what is new", () => {
    const { offset, note } = millionAboveOne().progress();
    const next = heldPartition({ position: offset, note }, memory);
    const taken = [0, 1, 2, 500_000, 999_999, 1_000_000].filter((at) =>
      next.takes(BigInt(at), BigInt(at + 1), 100),
    );
    expect(taken).toEqual([0, 1_000_000]);
    // What has not come by again is still done.
    expect(decodeNote(next.progress().note, 0n).done).toEqual([[1n, BigInt(million - 1)]]);
    next.done(0n, 100);
    expect(next.progress().offset).toBe(1_000_000n);
  });
});
