/** Places that several callers share: each is sure of an equal part, and has what the others leave. */
export interface DividedPlaces {
  /**
   * A place of `most`, and how to give it back; `undefined` where none is to be had. Who has more than an equal
   * part leaves the newest of its places to who has less: its `end` is called.
   */
  take(caller: string, most: number, end: () => void): (() => void) | undefined;
}

export function dividedPlaces(): DividedPlaces {
  // Of each caller, in the order in which they were taken.
  const callers = new Map<string, Set<() => void>>();
  let taken = 0;

  const leave = (caller: string, end: () => void): void => {
    const own = callers.get(caller);
    if (own?.delete(end) !== true) return;
    taken--;
    if (own.size === 0) callers.delete(caller);
  };

  /** Has one place given up by whoever holds most, if that is still more than the caller would hold then. */
  const crowdOut = (holds: number): boolean => {
    let greediest: readonly [string, Set<() => void>] | undefined;
    for (const each of callers) if (each[1].size > (greediest?.[1].size ?? holds + 1)) greediest = each;
    if (greediest === undefined) return false;
    const [caller, theirs] = greediest;
    const newest = [...theirs].at(-1) as () => void;
    leave(caller, newest);
    newest();
    return true;
  };

  return {
    take(caller, most, end) {
      while (taken >= most) if (!crowdOut(callers.get(caller)?.size ?? 0)) return undefined;
      const own = callers.get(caller) ?? new Set();
      callers.set(caller, own);
      own.add(end);
      taken++;
      return () => leave(caller, end);
    },
  };
}
