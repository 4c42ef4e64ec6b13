import type { AssignedPartition, Progress } from "../backends/log.ts";
import type { GroupMemory } from "./delivery-memory.ts";
import { type LowWater, lowWater } from "./low-water.ts";
import { decodeNote, encodeNote } from "./progress-note.ts";
import { isIn, type Stretch } from "./stretches.ts";

/** What a group knows of one of its partitions. */
export interface HeldPartition {
  readonly water: LowWater;
  /** `false`: it was delivered before, or is done. Positions of the log increase, but for what was sent twice. */
  takes(offset: bigint, position: bigint | undefined, bytes: number): boolean;
  /** How often its delivery has failed so far. */
  failures(offset: bigint): number;
  failed(offset: bigint): number;
  done(offset: bigint, bytes: number): void;
  /** It is no longer this group's: what it took is given back. */
  lost(): void;
  /** One more waits here to be handed out, or one fewer; `true`: there is room again. */
  waits(count: 1 | -1, bytes: number): boolean;
  wants(): boolean;
  /** What would be committed now. */
  progress(): Progress;
  isCommitted(progress: Progress): boolean;
  /** Whether what was committed last says that this one is done. */
  covers(offset: bigint): boolean;
  committed(progress: Progress): void;
}

// What may wait here of one partition; the rest stays in the backend.
const waitingLimit = 500;
const waitingBytesLimit = 4 * 1024 * 1024;

export function heldPartition(
  { position: begin, note }: Pick<AssignedPartition, "position" | "note">,
  memory: Pick<GroupMemory, "take" | "give">,
): HeldPartition {
  const before = decodeNote(note, begin);
  const failures = new Map(before.failures);
  // Of what is not done, in order.
  const positions = new Map<bigint, bigint>();
  const water = lowWater(begin, before.done);
  let seen = before.mark;
  let last: Progress = { offset: begin, note };
  let openBytes = 0;
  // Of `last`, looked up once however many ask.
  let doneBeyond: readonly Stretch[] | undefined;
  let waiting = 0;
  let waitingBytes = 0;
  let full = false;

  /** Up to where whoever goes on from the low water has seen messages. */
  const mark = (): bigint => {
    const [first] = positions.values();
    return first === undefined ? seen : first - 1n;
  };

  const committedBeyond = (): readonly Stretch[] => {
    doneBeyond ??= decodeNote(last.note, last.offset).done;
    return doneBeyond;
  };

  return {
    water,
    takes(offset, position, bytes) {
      if (position !== undefined) {
        if (position <= seen) return false;
        seen = position;
      }
      if (!water.add(offset)) return false;
      if (position !== undefined) positions.set(offset, position);
      openBytes += bytes;
      memory.take(bytes);
      return true;
    },
    failures: (offset) => failures.get(offset) ?? 0,
    failed(offset) {
      const count = (failures.get(offset) ?? 0) + 1;
      failures.set(offset, count);
      return count;
    },
    done(offset, bytes) {
      water.done(offset);
      failures.delete(offset);
      positions.delete(offset);
      openBytes -= bytes;
      memory.give(bytes);
    },
    lost() {
      memory.give(openBytes);
      openBytes = 0;
    },
    waits(count, bytes) {
      waiting += count;
      waitingBytes += count * bytes;
      const emptied = waiting <= waitingLimit / 2 && waitingBytes <= waitingBytesLimit / 2;
      if (!full || !emptied) return false;
      full = false;
      return true;
    },
    wants() {
      full ||= waiting >= waitingLimit || waitingBytes >= waitingBytesLimit;
      return !full;
    },
    progress() {
      const offset = water.mark();
      const open = new Map([...failures].filter(([each]) => each >= offset));
      const known = { mark: mark(), done: water.doneAbove(), failures: open };
      return { offset, note: encodeNote(known, offset, committedBeyond()) };
    },
    isCommitted: ({ offset, note: text }) => offset === last.offset && text === last.note,
    covers: (offset) => offset < last.offset || isIn(committedBeyond(), offset),
    committed(progress) {
      last = progress;
      doneBeyond = undefined;
    },
  };
}
