/**
 * The name a person most likely meant: the one fewest keystrokes away, if that is few
 * enough to be a slip rather than another word.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > longest) return undefined;
  const typed = plain(name);
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = keystrokes(typed, plain(candidate));
    if (best === undefined || distance < best.distance) best = { name: candidate, distance };
  }
  return best !== undefined && best.distance <= Math.max(2, Math.floor(name.length / 3))
    ? best.name
    : undefined;
}

const longest = 64;

// Case and separators are the commonest slips, so they weigh nothing: `clientApi`, `client-api`.
const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_ .]/g, "");

/** Optimal string alignment: insert, delete, replace, or swap two neighbours. */
function keystrokes(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const distance = Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(swapped ? Math.min(distance, (before[column - 2] ?? 0) + 1) : distance);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
