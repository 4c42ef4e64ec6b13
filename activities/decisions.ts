import { PrismError } from "../domain/errors.ts";
import type { NamespaceCommand } from "../domain/namespace/commands.ts";
import type { Failure } from "../domain/namespace/event-data.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import { lacksApproval, type Operation, pendingApproval } from "../domain/namespace/operation.ts";
import type { Inventory } from "../domain/selection/inventory.ts";
import { eventId } from "../eventstore/event-id.ts";
import type { Attempt } from "./attempt.ts";
import type { Messages, Told } from "./messages.ts";
import type { Occasion } from "./occasion.ts";
import { choose, type Planned, plannedIn } from "./planned.ts";
import type { NamespaceHistory, Recorder } from "./recorder.ts";

export type DecisionDependencies = {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly inventory: Inventory;
  /** How long a plan waits for somebody's word, in milliseconds. */
  readonly approvalMs: number;
};

type Message<Name extends keyof Messages> = { readonly occasion: Occasion; readonly told: Messages[Name] };

/** What people decide about an operation. A refusal is an answer to them and no failure of a step. */
export const decisionActivities = ({ attempt, recorder, inventory, approvalMs }: DecisionDependencies) => {
  /** Recorded under the operation, with the person as its actor. `round` tells one word from the next. */
  const record = (
    { occasion, told }: { occasion: Occasion; told: Told },
    command: NamespaceCommand,
    round = 0,
  ): Promise<NamespaceHistory> => {
    assertMeant(occasion, told);
    return recorder.record({ ...occasion, actor: told.by }, command.type, command, round);
  };

  return {
    /** Asks for a word on the plan; answers how long it is waited for, in milliseconds. */
    requestApproval: (occasion: Occasion): Promise<number> =>
      attempt(occasion, "approve", async () => {
        const { operation, actor: requestedBy } = occasion;
        const expiresAt = new Date(Date.now() + approvalMs).toISOString();
        const command = { type: "RequestApproval", operation, requestedBy, expiresAt } as const;
        const { state } = await recorder.record(occasion, "approve", command);
        return Math.max(0, Date.parse(waitingIn(state.operation)?.expiresAt ?? "") - Date.now()) || 0;
      }),

    /**
     * Approves the plan that waits, if it is what would be chosen today; otherwise today's
     * plan waits in its place, and the word is refused as stale.
     */
    approvePlan: ({ occasion, told }: Message<"approve">): Promise<Planned> =>
      attempt.answering(occasion, "grant", async () => {
        const { operation } = occasion;
        const at = new Date();
        const { state, events } = await recorder.read(occasion.namespace);
        const waiting = waitingIn(state.operation);
        // An attempt whose answer was lost may have found that out.
        if (waiting === undefined && needsNoWord(state.operation)) return plannedIn(state);
        const today = waiting === undefined ? undefined : choose(state, occasion, inventory);
        if (waiting !== undefined && today !== undefined && today.hash !== waiting.planHash) {
          const { expiresAt } = waiting;
          const renewal = { type: "RenewPlan", operation, selection: today, expiresAt } as const;
          // A plan may come back that waited before.
          const round = plansOf({ events }, occasion);
          const renewed = await recorder.record(occasion, `renew to ${today.hash}`, renewal, round);
          // Today's plan needs nobody's word.
          if (waitingIn(renewed.state.operation) === undefined) return plannedIn(renewed.state);
        }
        const { state: granted } = await record(
          { occasion, told },
          {
            type: "GrantApproval",
            operation,
            by: told.by,
            planHash: told.plan_hash,
            today: today?.hash ?? told.plan_hash,
            at: at.toISOString(),
            ...(told.comment === undefined ? {} : { comment: told.comment }),
          },
        );
        return plannedIn(granted);
      }),

    rejectPlan: ({ occasion, told }: Message<"reject">): Promise<void> =>
      attempt.answering(occasion, "reject", async () => {
        const { operation } = occasion;
        const { by, plan_hash: planHash, reason } = told;
        await record({ occasion, told }, { type: "RejectApproval", operation, by, planHash, reason });
      }),

    /** Nobody decided in time. Quiet where somebody just did. */
    expireApproval: ({ occasion }: { readonly occasion: Occasion }): Promise<void> =>
      attempt.answering(occasion, "expire", async () => {
        const { operation } = occasion;
        const { state } = await recorder.read(occasion.namespace);
        // The timer was set in another clock than this one's.
        const due = waitingIn(state.operation)?.expiresAt;
        if (due !== undefined)
          await recorder.record(occasion, "expire", { type: "ExpireApproval", operation, at: due });
      }),

    cancelOperation: ({ occasion, told }: Message<"cancel">): Promise<void> =>
      attempt.answering(occasion, "cancel", async () => {
        const { operation } = occasion;
        await record({ occasion, told }, { type: "CancelOperation", operation, by: told.by });
      }),

    abandonOperation: ({ occasion, told }: Message<"abandon">): Promise<void> =>
      attempt.answering(occasion, "abandon", async () => {
        const { operation } = occasion;
        await record({ occasion, told }, { type: "AbandonOperation", operation, by: told.by });
      }),

    /** Answers how often the operation was retried so far; a step that parked before that goes on. */
    retryOperation: ({ occasion, told }: Message<"retry">): Promise<number> =>
      attempt.answering(occasion, "retry", async () => {
        const { operation } = occasion;
        const before = retriesOf(await recorder.read(occasion.namespace), occasion);
        const command = { type: "RetryOperation", operation, by: told.by } as const;
        return retriesOf(await record({ occasion, told }, command, before), occasion);
      }),

    /** A step's budget is used up. Answers how often the operation was retried until then. */
    parkOperation: (input: {
      readonly occasion: Occasion;
      readonly step: string;
      readonly error: Failure;
    }): Promise<number> =>
      attempt.answering(input.occasion, "park", async () => {
        const { occasion, step, error } = input;
        const { operation, namespace, round = 0 } = occasion;
        const command = { type: "ParkOperation", operation, step, error } as const;
        const { events } = await recorder.record(occasion, `${step} parked`, command);
        // A repeat of this attempt may come after somebody's word: that one was meant for this park.
        const stream = streamOf(namespace);
        const id = eventId({ operation, stream, step: `${step} parked`, round, index: 0 });
        const parked = events.findIndex((event) => event.id === id);
        return retriesOf({ events: parked < 0 ? events : events.slice(0, parked) }, occasion);
      }),
  };
};

const waitingIn = (operation: Operation | undefined) =>
  operation === undefined ? undefined : pendingApproval(operation);

const needsNoWord = (operation: Operation | undefined): boolean =>
  operation?.selected !== undefined &&
  !operation.ended &&
  operation.undoing === null &&
  operation.approval.granted === undefined &&
  !lacksApproval(operation);

const plansOf = ({ events }: Pick<NamespaceHistory, "events">, { operation }: Occasion): number =>
  events.filter(({ type, metadata }) => type === "PlanSelected" && metadata.operation === operation).length;

const retriesOf = ({ events }: Pick<NamespaceHistory, "events">, { operation }: Occasion): number =>
  events.filter(({ type, metadata }) => type === "OperationRetried" && metadata.operation === operation)
    .length;

/** Another operation of the same name may run by the time the word arrives. */
function assertMeant({ operation }: Occasion, told: Told): void {
  if (told.operation === operation) return;
  throw new PrismError("TOO_LATE", `Operation ${told.operation} is not the one that is under way`, {
    details: { field: "operation", operation, recommendation: "Look at the operation that is under way" },
  });
}
