import { setTimeout as delay } from "node:timers/promises";
import { PrismError } from "../domain/errors.ts";
import type { Growth } from "../domain/namespace/growth.ts";
import { rowOf } from "./agreement.ts";
import type { Attempt } from "./attempt.ts";
import type { Failpoint } from "./failpoint.ts";
import type { Occasion } from "./occasion.ts";
import { assertOwnStep, assertOwnTurn } from "./own-turn.ts";
import type { NamespaceHistory, Recorder } from "./recorder.ts";

export type Life = { readonly namespace: string; readonly incarnation: number };

/** The log of a namespace and the groups that read what is relayed of it. */
export type Barrier = {
  /** Nothing after the position it answers is relayed from then on. Again it stands where it stood. */
  hold(of: Life, growth: Growth): Promise<bigint>;
  /**
   * Where it stands; nowhere: `undefined`. An update that went on after its workflow was lost may have put
   * up another one than its history tells of.
   */
  standing(of: Life): Promise<bigint | undefined>;
  release(of: Life): Promise<void>;
  /** `ends`: where the partitions before end; empty where nobody has to know. */
  grow(of: Life, growth: Growth, ends: readonly bigint[]): Promise<void>;
  relayed(of: Life): Promise<bigint>;
  /** Where the topic's first partitions end. */
  ends(topic: string, partitions: number): Promise<readonly bigint[]>;
  /** The groups that somebody reads for, and which of them are not done up to `ends`. */
  groups(
    of: Life,
    topic: string,
    ends: readonly bigint[],
  ): Promise<{
    readonly groups: readonly string[];
    readonly behind: readonly { readonly group: string; readonly records: bigint }[];
  }>;
};

export type GrowingDependencies = {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly failpoint: Failpoint;
  readonly barrier: Barrier;
  readonly patienceMs: number;
  /** How long consumers have for what lies before the barrier, from when it was put up. */
  readonly barrierMs: number;
};

type Grown = { readonly occasion: Occasion; readonly growth: Growth };

const pollMs = 100;

/** More partitions for a topic that a log fills, so that the order of each key is kept (`design.md` §6). */
export const growingActivities = ({
  attempt,
  recorder,
  failpoint,
  barrier,
  patienceMs,
  barrierMs,
}: GrowingDependencies) => ({
  /** The relay stops where the log ends now; publishes go on being acknowledged into it. */
  holdRelay: ({ occasion, growth }: Grown): Promise<void> =>
    attempt(occasion, "hold-relay", async () => {
      const { operation } = occasion;
      const history = await recorder.read(occasion.namespace);
      assertOwnStep(history, occasion);
      const of = rowOf(history, occasion);
      const position = String(await barrier.hold(of, growth));
      failpoint("hold-relay", "after", occasion.namespace);
      const command = { type: "HoldRelay", operation, topic: growth.topic, position } as const;
      await recorder.record(occasion, "hold-relay", command);
    }),

  /**
   * Waits until everything before the barrier is relayed and done by every group that somebody reads
   * for. Answers what is missing when their time is over; nothing: they are done.
   */
  drainGroups: ({ occasion, growth }: Grown): Promise<string | undefined> =>
    attempt(occasion, "drain-groups", async (signal) => {
      const history = await recorder.read(occasion.namespace);
      const of = rowOf(history, occasion);
      const { at, since } = heldAt(history, occasion);
      for (const deadline = Date.now() + patienceMs; ; await delay(pollMs, undefined, { signal })) {
        const { groups, missing } = await look(barrier, of, growth, (await barrier.standing(of)) ?? at);
        if (missing === undefined) {
          const { operation } = occasion;
          const command = { type: "ConfirmGroups", operation, topic: growth.topic, groups } as const;
          await recorder.record(occasion, "drain-groups", command);
          return undefined;
        }
        if (Date.now() >= since + barrierMs) return missing;
        if (Date.now() >= deadline) throw new PrismError("NAMESPACE_NOT_READY", missing);
      }
    }),

  /** The update has failed: the relay goes on as before it. */
  releaseRelay: ({ occasion }: { readonly occasion: Occasion }): Promise<void> =>
    attempt(occasion, "release-relay", async () => {
      const history = await recorder.read(occasion.namespace);
      assertOwnTurn(history, occasion);
      await barrier.release(rowOf(history, occasion));
      failpoint("release-relay", "after", occasion.namespace);
    }),

  /** What comes after the barrier is relayed to all partitions. */
  growRelay: ({ occasion, growth }: Grown): Promise<void> =>
    attempt(occasion, "grow-relay", async () => {
      const { operation } = occasion;
      const history = await recorder.read(occasion.namespace);
      assertOwnStep(history, occasion);
      const of = rowOf(history, occasion);
      const ends = growth.ordered ? await endsAtBarrier(barrier, of, growth) : [];
      await barrier.grow(of, growth, ends);
      failpoint("grow-relay", "after", occasion.namespace);
      await recorder.record(occasion, "grow-relay", { type: "GrowPartitions", operation, growth });
    }),
});

/** Where the partitions before end, once they hold all that comes before the barrier. */
async function endsAtBarrier(
  barrier: Barrier,
  of: Life,
  { topic, before }: Growth,
): Promise<readonly bigint[]> {
  const at = (await barrier.standing(of)) ?? 0n;
  const behind = at - (await barrier.relayed(of));
  if (behind > 0n) throw new PrismError("NAMESPACE_NOT_READY", `${behind} messages are still to be relayed`);
  return barrier.ends(topic, before);
}

async function look(
  barrier: Barrier,
  of: Life,
  { topic, before }: Growth,
  at: bigint,
): Promise<{ readonly groups: readonly string[]; readonly missing?: string }> {
  const relayed = await barrier.relayed(of);
  if (relayed < at) return { groups: [], missing: `${at - relayed} messages are still to be relayed` };
  const { groups, behind } = await barrier.groups(of, topic, await barrier.ends(topic, before));
  if (behind.length === 0) return { groups };
  const each = behind.map(({ group, records }) => `${group} (${records} messages)`).join(", ");
  return { groups, missing: `waiting for groups to acknowledge what they were delivered: ${each}` };
}

/** Where the relay stands still, and since when (ms since 1970). */
function heldAt(
  { events }: NamespaceHistory,
  { operation }: Occasion,
): { readonly at: bigint; readonly since: number } {
  const held = events.findLast(
    ({ type, metadata }) => type === "RelayHeld" && metadata.operation === operation,
  );
  if (held?.type !== "RelayHeld") throw new PrismError("INTERNAL", "no barrier was put up");
  return { at: BigInt(held.data.position), since: held.recordedAt.getTime() };
}
