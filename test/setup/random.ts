/** Mulberry32, from 0 to below 1: the same seed, the same numbers. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const oneOf = <T>(random: () => number, some: readonly T[]): T => {
  const chosen = some[Math.floor(random() * some.length)];
  if (chosen === undefined) throw new Error("nothing to choose from");
  return chosen;
};
