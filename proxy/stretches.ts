/** Offsets that follow one another, from the first to the last of them. */
export type Stretch = readonly [first: bigint, last: bigint];

/** A set of offsets, which takes as much room as it has gaps, however many they are. */
export interface Stretches {
  add(offset: bigint): void;
  has(offset: bigint): boolean;
  /** Forgets what is below. */
  cut(below: bigint): void;
  /** In their order. */
  all(): readonly Stretch[];
}

export function stretches(known: readonly Stretch[] = []): Stretches {
  const found = [...known];

  return {
    add(offset) {
      const at = placeOf(found, offset);
      const [before, after] = [found[at - 1], found[at]];
      if (after !== undefined && after[0] <= offset) return;
      const first = before !== undefined && before[1] + 1n === offset ? before[0] : offset;
      const last = after !== undefined && after[0] === offset + 1n ? after[1] : offset;
      const from = first === offset ? at : at - 1;
      found.splice(from, at - from + (last === offset ? 0 : 1), [first, last]);
    },
    has: (offset) => isIn(found, offset),
    cut(below) {
      const at = placeOf(found, below);
      if (at > 0) found.splice(0, at);
      const [first] = found;
      if (first !== undefined && first[0] < below) found[0] = [below, first[1]];
    },
    all: () => found,
  };
}

export function isIn(known: readonly Stretch[], offset: bigint): boolean {
  const stretch = known[placeOf(known, offset)];
  return stretch !== undefined && stretch[0] <= offset;
}

/** Where the first is that does not end before it. */
function placeOf(known: readonly Stretch[], offset: bigint): number {
  let [low, high] = [0, known.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((known[middle] as Stretch)[1] < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
