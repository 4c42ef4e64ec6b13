import type { Finding } from "../domain/namespace/drift-events.ts";
import type { Workflow } from "../domain/namespace/event-data.ts";
import { deliversNothing, isLive, openOperation, takesNothing } from "../domain/namespace/namespace.ts";
import { type Outcome, outcomeOf } from "../domain/namespace/outcome.ts";
import type { Resource } from "../domain/plan.ts";
import { leftResources } from "../domain/reconcile/cleanup.ts";
import { findingsAfter, repairable } from "../domain/reconcile/drift.ts";
import type { Attempt } from "./attempt.ts";
import { aboutHistory } from "./call-for.ts";
import { endedIn } from "./ending.ts";
import { lookAt } from "./looking.ts";
import type { Occasion } from "./occasion.ts";
import type { Backends } from "./provisioning.ts";
import type { NamespaceHistory, Recorder } from "./recorder.ts";
import { note } from "./remedies.ts";

export type RepairingDependencies = {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly backends: Backends;
};

/** What a repair has to ensure; none: there is nothing to repair, and `position` is where the stream is. */
export type Repairing = { readonly resources: readonly Resource[]; readonly position: string };

/** What of ended operations is still to be undone. */
export type Left = {
  readonly resources: readonly Resource[];
  /** What of the quota goes back. */
  readonly release: "namespace" | "reservation";
  /** Its log is to be opened again. */
  readonly log: boolean;
  /** Its relay is to go on. */
  readonly barrier: boolean;
};

const foundBy = (operation: string, { events }: NamespaceHistory): readonly Finding[] =>
  events.flatMap(({ type, data }) =>
    type === "DriftDetected" && data.repair?.operation === operation ? data.findings : [],
  );

export const repairingActivities = ({ attempt, recorder, backends }: RepairingDependencies) => ({
  /** Looks again, now that nobody else is at the namespace, and begins where something is to be repaired. */
  beginRepair: (input: { readonly occasion: Occasion; readonly workflow: Workflow }): Promise<Repairing> =>
    attempt(input.occasion, "begin", async (signal) => {
      const { occasion, workflow } = input;
      const { namespace, operation } = occasion;
      const history = await recorder.read(namespace);
      const { state, events } = history;
      const nothing = { resources: [], position: String(events.at(-1)?.position ?? 0n) };
      const ended = outcomeOf(events, operation);
      if (ended !== undefined) return { ...nothing, position: ended.position };
      const open = openOperation(state);
      if (open?.id === operation) return { ...nothing, resources: repairable(state, state.drift) };
      if (open !== undefined || !isLive(state)) return nothing;
      const about = aboutHistory(namespace, history);
      const asked = (state.plan?.resources ?? []).map((resource) => ({ about, resource }));
      const { looked } = await lookAt(backends, asked, signal);
      const findings = findingsAfter(state, looked);
      const resources = repairable(state, findings);
      if (resources.length === 0) {
        await note(recorder, occasion, state, findings);
        return nothing;
      }
      const command = { type: "DetectDrift", operation, findings, repair: workflow } as const;
      await recorder.record(occasion, "begin", command);
      return { ...nothing, resources };
    }),

  /** Ends the repair; what is foreign stays, and keeps the namespace degraded. */
  completeRepair: (input: {
    readonly occasion: Occasion;
    readonly resources: readonly string[];
  }): Promise<Outcome> =>
    attempt(input.occasion, "repair", async () => {
      const { occasion, resources } = input;
      const { operation } = occasion;
      const command = { type: "CompleteRepair", operation, resources } as const;
      const after = await recorder.record(occasion, "repair", command);
      // As it was found when the repair began: a repeat of this attempt finds no drift any more.
      const left = foundBy(operation, after).filter(({ class: what }) => what === "foreign");
      await note(recorder, { ...occasion, round: 1 }, after.state, left);
      return endedIn(after, occasion);
    }),

  /** `undefined`: nothing is left. */
  planCleanup: (occasion: Occasion): Promise<Left | undefined> =>
    attempt(occasion, "plan-cleanup", async () => {
      const { state } = await recorder.read(occasion.namespace);
      const { operation, blocked } = state;
      if (operation?.id !== occasion.operation || !operation.ended || blocked.length === 0) return undefined;
      // What is in use keeps what it has, whichever operation was the last; what one before it had
      // reserved beside is found leaked once nothing is blocked.
      const release = isLive(state) ? "reservation" : "namespace";
      return {
        resources: leftResources(state),
        release,
        log: isLive(state) && takesNothing(state),
        barrier: isLive(state) && deliversNothing(state),
      };
    }),

  completeCleanup: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "complete-cleanup", async () => {
      const { operation } = occasion;
      await recorder.record(occasion, "complete-cleanup", { type: "CompleteCleanup", operation });
    }),
});
