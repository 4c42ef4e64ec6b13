/**
 * How far a partition is done without a gap. Only that may be committed: a later record
 * that is done is remembered here, and an earlier one that is not comes again.
 */
export interface LowWater {
  /** A record that must be acknowledged. Offsets increase. */
  add(offset: bigint): void;
  /** Reading has come to `next`; what was not added needs no acknowledgement. */
  passed(next: bigint): void;
  done(offset: bigint): void;
  isDone(offset: bigint): boolean;
  /** Everything below is done. */
  mark(): bigint;
  /** What is done beyond the mark. */
  doneAbove(): readonly bigint[];
}

export function lowWater(position: bigint): LowWater {
  const order: bigint[] = [];
  const done = new Set<bigint>();
  let first = 0;
  let next = position;

  const mark = (): bigint => order[first] ?? next;

  return {
    add(offset) {
      order.push(offset);
      next = offset + 1n;
    },
    passed(position) {
      if (position > next) next = position;
    },
    done(offset) {
      if (offset < mark()) return;
      done.add(offset);
      for (let head = order[first]; head !== undefined && done.delete(head); head = order[first]) first++;
      // Forget what lies behind in large steps: cutting a long array one by one is slow.
      if (first <= 1_024) return;
      order.splice(0, first);
      first = 0;
    },
    isDone: (offset) => offset < mark() || done.has(offset),
    mark,
    doneAbove: () => [...done],
  };
}
