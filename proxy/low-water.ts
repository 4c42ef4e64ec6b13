import { type Stretch, stretches } from "./stretches.ts";

/**
 * How far a partition is done without a gap. Only that may be committed: a later record
 * that is done is remembered here, and an earlier one that is not comes again.
 */
export interface LowWater {
  /** A record that must be acknowledged; `false`: it is done already. Offsets increase. */
  add(offset: bigint): boolean;
  /** Reading has come to `next`; what was not added needs no acknowledgement. */
  passed(next: bigint): void;
  done(offset: bigint): void;
  isDone(offset: bigint): boolean;
  /** Everything below is done. */
  mark(): bigint;
  /** What is done beyond the mark. */
  doneAbove(): readonly Stretch[];
}

/** `before`: what whoever was here before has done beyond the position. */
export function lowWater(position: bigint, before: readonly Stretch[] = []): LowWater {
  const order: bigint[] = [];
  const done = stretches(before);
  let first = 0;
  let next = position;

  const mark = (): bigint => order[first] ?? next;

  const advance = (): void => {
    for (let head = order[first]; head !== undefined && done.has(head); head = order[first]) first++;
    done.cut(mark());
    // Forget what lies behind in large steps: cutting a long array one by one is slow.
    if (first <= 1_024) return;
    order.splice(0, first);
    first = 0;
  };

  return {
    add(offset) {
      order.push(offset);
      next = offset + 1n;
      if (!done.has(offset)) return true;
      advance();
      return false;
    },
    passed(position) {
      if (position > next) next = position;
    },
    done(offset) {
      if (offset < mark()) return;
      done.add(offset);
      advance();
    },
    isDone: (offset) => offset < mark() || done.has(offset),
    mark,
    doneAbove() {
      done.cut(mark());
      return done.all();
    },
  };
}
