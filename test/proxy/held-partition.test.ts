import { describe, expect, it } from "vitest";
import { heldPartition } from "../../proxy/held-partition.ts";
import { decodeNote } from "../../proxy/progress-note.ts";

const memory = { take: () => {}, give: () => {} };
const many = 100_000;

/** Very many messages, of which all are done but the first. */
function manyAboveOne() {
  const of = heldPartition({ position: 0n, note: "" }, memory);
  for (let at = 0; at < many; at++) of.takes(BigInt(at), BigInt(at + 1), 100);
  for (let at = 1; at < many; at++) of.done(BigInt(at), 100);
  return of;
}

describe("a partition whose first message is held while very many others are done", () => {
  it("notes, keeps and reads that as one stretch, whatever its length", () => {
    const of = manyAboveOne();
    expect(of.water.doneAbove()).toEqual([[1n, BigInt(many - 1)]]);
    const progress = of.progress();
    expect(progress.offset).toBe(0n);
    expect(decodeNote(progress.note, 0n).done).toEqual([[1n, BigInt(many - 1)]]);
    of.committed(progress);
    expect([of.covers(0n), of.covers(1n), of.covers(99_999n), of.covers(100_000n)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it("is gone on with by another, who delivers the first and what is new", () => {
    const { offset, note } = manyAboveOne().progress();
    const next = heldPartition({ position: offset, note }, memory);
    const taken = [0, 1, 2, 50_000, 99_999, 100_000].filter((at) =>
      next.takes(BigInt(at), BigInt(at + 1), 100),
    );
    expect(taken).toEqual([0, 100_000]);
    // What has not come by again is still done.
    expect(decodeNote(next.progress().note, 0n).done).toEqual([[1n, BigInt(many - 1)]]);
    next.done(0n, 100);
    expect(next.progress().offset).toBe(100_000n);
  });
});
