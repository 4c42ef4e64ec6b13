import type { Patch } from "../setup/copy.ts";
import type { Findings } from "./history.ts";

/** A fault of the queue: where it is put into the source, what brings it out, and as what it is to be found. */
export type QueueFault = {
  readonly patch: Patch;
  /**
   * Beside the load: nothing, a consumer that vanishes with what it was delivered, the death of the
   * relay's leader, or of one that has just sent and not noted it.
   */
  readonly under: "load" | "a vanished consumer" | "a killed leader" | "a leader killed before its note";
  readonly found: keyof Findings;
};

export const queueFaults: Readonly<Record<string, QueueFault>> = {
  "answers another place than it delivers": {
    patch: { file: "proxy/record.ts", from: "logOffset(inLog)", to: "logOffset(inLog + 1n)" },
    under: "load",
    found: "misplaced",
  },
  "leaves out the last of many that it sends": {
    patch: {
      file: "proxy/relay.ts",
      from: "return await send(records);",
      to: "return await send(records.length > 3 ? records.slice(0, -1) : records);",
    },
    under: "load",
    found: "lost",
  },
  "lets no key decide the partition": {
    patch: {
      file: "proxy/log-entry.ts",
      from: "placedBy: key ?? (ordered ? Buffer.from(topic) : undefined)",
      to: "placedBy: ordered ? Buffer.from(id) : key",
    },
    under: "load",
    found: "disordered",
  },
  "forgets what a vanished consumer had": {
    patch: {
      file: "proxy/group.ts",
      from: `if (vanished) unacknowledged(theirs, "its consumer has vanished");
      else again(theirs.flatMap((delivery) => takeBack(delivery) ?? []));`,
      to: "theirs.forEach(takeBack);",
    },
    under: "a vanished consumer",
    found: "lost",
  },
  "confirms before it has committed": {
    patch: { file: "proxy/group.ts", from: "() => of.covers(offset),", to: "() => of.water.isDone(offset)," },
    under: "a killed leader",
    found: "doubled",
  },
  "goes on behind what it has not sent": {
    patch: {
      file: "backends/write-ahead-log/relay-term.ts",
      from: "relayed: BigInt(begun.relayed),",
      to: "relayed: BigInt(begun.relayed) + (BigInt(begun.epoch) > 1n ? 5n : 0n),",
    },
    under: "a killed leader",
    found: "lost",
  },
  "does not know again what was sent twice": {
    patch: { file: "proxy/held-partition.ts", from: "if (position <= seen) return false;", to: "" },
    under: "a leader killed before its note",
    found: "doubled",
  },
  "commits what nobody has acknowledged": {
    patch: {
      file: "proxy/low-water.ts",
      from: "    mark,\n    doneAbove() {",
      to: "    mark: () => next,\n    doneAbove() {",
    },
    under: "a killed leader",
    found: "lost",
  },
};
