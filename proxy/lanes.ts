/**
 * In which order a group's messages are handed out. Where the order of a key is promised, a
 * message under way holds back the later ones of its key, and of its key alone.
 */
export interface Lanes<Item> {
  add(item: Item): void;
  /** Takes the next one that may go out; it is under way until `done` or `back`. */
  next(): Item | undefined;
  done(item: Item): void;
  /** Not done after all: these go out again, before what has waited behind them. */
  back(items: readonly Item[]): void;
  /** Forgets all waiting items of which `gone` is true, and those under way. */
  drop(gone: (item: Item) => boolean): void;
}

export type LaneOptions<Item> = {
  readonly ordered: boolean;
  readonly keyOf: (item: Item) => string;
  /** By position, so that what comes back does so in its order. */
  readonly compare: (a: Item, b: Item) => number;
};

export function lanes<Item>({ ordered, keyOf, compare }: LaneOptions<Item>): Lanes<Item> {
  let free: Item[] = [];
  // By key: the one that is free or under way, and those behind it.
  const behind = new Map<string, { head: Item; rest: Item[] }>();

  const add = (item: Item): void => {
    if (!ordered) return void free.push(item);
    const lane = behind.get(keyOf(item));
    if (lane !== undefined) return void lane.rest.push(item);
    behind.set(keyOf(item), { head: item, rest: [] });
    free.push(item);
  };

  const done = (item: Item): void => {
    const lane = ordered ? behind.get(keyOf(item)) : undefined;
    if (lane?.head !== item) return;
    const next = lane.rest.shift();
    if (next === undefined) return void behind.delete(keyOf(item));
    lane.head = next;
    free.push(next);
  };

  return {
    add,
    next: () => free.shift(),
    done,
    back(items) {
      free = [...[...items].sort(compare), ...free];
    },
    drop(gone) {
      free = free.filter((item) => !gone(item));
      for (const [key, lane] of [...behind]) {
        const waiting = lane.rest.filter((item) => !gone(item));
        if (!gone(lane.head)) lane.rest = waiting;
        else {
          behind.delete(key);
          for (const item of waiting) add(item);
        }
      }
    },
  };
}
