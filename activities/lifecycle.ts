import type { Shards } from "../control/shards.ts";
import { PrismError } from "../domain/errors.ts";
import { type Outcome, outcomeOf } from "../domain/namespace/outcome.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import { notEnforced } from "../domain/selection/enforced.ts";
import type { Inventory } from "../domain/selection/inventory.ts";
import type { Attempt } from "./attempt.ts";
import { endedIn } from "./ending.ts";
import type { Failpoint } from "./failpoint.ts";
import type { Occasion } from "./occasion.ts";
import { place } from "./place.ts";
import { choose, type Planned, plannedIn } from "./planned.ts";
import type { Recorder } from "./recorder.ts";

export type LifecycleDependencies = {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly failpoint: Failpoint;
  readonly inventory: Inventory;
  /** Where new namespaces may be served. */
  readonly shards: Shards;
};

/**
 * The decisions of an operation. They are made here and not in the workflow, so that
 * the rules may change without breaking the replay of running workflows.
 */
export const lifecycleActivities = ({
  attempt,
  recorder,
  failpoint,
  inventory,
  shards,
}: LifecycleDependencies) => ({
  /** Opens the operation on the stream; one that has ended answers its outcome and nothing happens twice. */
  begin: (input: {
    readonly occasion: Occasion;
    readonly request: NamespaceRequest;
    readonly workflow: { readonly id: string; readonly run_id: string };
  }): Promise<Outcome | undefined> =>
    attempt(input.occasion, "begin", async () => {
      const { occasion, request, workflow } = input;
      const { operation, asker } = occasion;
      const known = await recorder.read(occasion.namespace);
      const ended = outcomeOf(known.events, operation);
      if (ended !== undefined) return ended;
      const command = {
        type: "RequestNamespace",
        operation,
        request,
        workflow,
        ...(asker && { asker }),
      } as const;
      await recorder.record(occasion, "begin", command);
      return undefined;
    }),

  /** Chooses patterns and backend, once. */
  selectPlan: (occasion: Occasion): Promise<Planned> =>
    attempt(occasion, "select", async () => {
      const { state } = await recorder.read(occasion.namespace);
      const selection = choose(state, occasion, inventory);
      const command = { type: "SelectPlan", operation: occasion.operation, selection } as const;
      return plannedIn((await recorder.record(occasion, "select", command)).state);
    }),

  assignShard: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "assign-shard", async () => {
      const { state } = await recorder.read(occasion.namespace);
      const { operation } = occasion;
      // Once decided it stands, also where another shard would be the better one by now.
      const shard = state.shard ?? (await place({ shards, recorder }, state, occasion));
      failpoint("assign-shard", "after", occasion.namespace);
      await recorder.record(occasion, "assign-shard", { type: "AssignShard", operation, shard });
    }),

  /** States which patterns this build really runs; the others are promised in the plan but not enforced yet. */
  configurePatterns: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "configure-patterns", async () => {
      const { state } = await recorder.read(occasion.namespace);
      const chain = (state.plan?.patterns ?? []).map(({ type }) => type);
      const missing = notEnforced(chain);
      const patterns = chain.map((type) => ({ type, enforced: !missing.includes(type) }));
      await recorder.record(occasion, "configure-patterns", {
        type: "ConfigurePatterns",
        operation: occasion.operation,
        patterns,
      });
    }),

  /** From here the shard's proxies know the namespace; they serve only Prism's probe. */
  configureAccess: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "configure-access", async () => {
      const { state } = await recorder.read(occasion.namespace);
      if (state.request === undefined) throw new PrismError("INTERNAL", "no request to take the access from");
      await recorder.record(occasion, "configure-access", {
        type: "ConfigureAccess",
        operation: occasion.operation,
        access: state.request.access,
      });
    }),

  /** The pivot: answers the position of the event that makes the namespace active. */
  activate: (occasion: Occasion): Promise<Outcome> =>
    attempt(occasion, "activate", async () => {
      const command = { type: "ActivateNamespace", operation: occasion.operation } as const;
      return endedIn(await recorder.record(occasion, "activate", command), occasion);
    }),
});
