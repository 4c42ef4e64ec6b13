import { PrismError } from "../domain/errors.ts";
import { type Outcome, outcomeOf } from "../domain/namespace/outcome.ts";
import { logTableOf } from "../domain/namespace/rewind.ts";
import type { Attempt } from "./attempt.ts";
import { endedIn } from "./ending.ts";
import type { Failpoint } from "./failpoint.ts";
import type { Occasion } from "./occasion.ts";
import type { Recorder } from "./recorder.ts";

export type RewindingDependencies = {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly failpoint: Failpoint;
  readonly rewind: Rewind;
};

/** Has a relay go back; answers by how many messages, and to which position (undefined: to none). */
export type Rewind = (
  of: { readonly namespace: string; readonly incarnation: number; readonly table: string },
  signal: AbortSignal,
) => Promise<{ readonly messages: number; readonly from: string | undefined }>;

/** What a broker may have lost, though it had acknowledged it, comes again from the log. */
export const rewindingActivities = ({ attempt, recorder, failpoint, rewind }: RewindingDependencies) => ({
  /** Answers the outcome of a rewind that has ended in an earlier run. */
  beginRewind: (input: {
    readonly occasion: Occasion;
    readonly workflow: { readonly id: string; readonly run_id: string };
  }): Promise<Outcome | undefined> =>
    attempt(input.occasion, "begin", async () => {
      const { occasion, workflow } = input;
      const { operation } = occasion;
      const ended = outcomeOf((await recorder.read(occasion.namespace)).events, operation);
      if (ended !== undefined) return ended;
      await recorder.record(occasion, "begin", { type: "RequestRewind", operation, workflow });
      return undefined;
    }),

  /** An attempt that is repeated goes back once more: who has seen a message is not shown it again. */
  rewindRelay: (occasion: Occasion): Promise<Outcome> =>
    attempt(occasion, "rewind", async (signal) => {
      const { operation, namespace } = occasion;
      const { state, events } = await recorder.read(namespace);
      const ended = outcomeOf(events, operation);
      if (ended !== undefined) return ended;
      const table = state.plan && logTableOf(state.plan);
      if (table === undefined) throw new PrismError("INTERNAL", `${namespace} has no log to rewind`);
      const { incarnation } = state;
      const rewound = await rewind({ namespace, incarnation, table }, signal);
      failpoint("rewind", "after", namespace);
      const command = { type: "CompleteRewind", operation, ...rewound } as const;
      return endedIn(await recorder.record(occasion, "rewind", command), occasion);
    }),
});
