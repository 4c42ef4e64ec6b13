import { PrismError } from "../domain/errors.ts";
import { changesBetween, planChange, replans } from "../domain/namespace/change.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { evolve } from "../domain/namespace/evolve.ts";
import { type Growth, growthOf } from "../domain/namespace/growth.ts";
import { absent } from "../domain/namespace/namespace.ts";
import { type Outcome, outcomeOf } from "../domain/namespace/outcome.ts";
import { resourceKey } from "../domain/namespace/resources.ts";
import type { Resource } from "../domain/plan.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import { type Agreeing, everyLiveProxy, everyProxyThatMayServe, servedRowOf } from "./agreement.ts";
import type { Attempt } from "./attempt.ts";
import { endedIn } from "./ending.ts";
import type { Occasion } from "./occasion.ts";
import type { NamespaceHistory, Recorder } from "./recorder.ts";

export type UpdatingDependencies = Agreeing & { readonly attempt: Attempt; readonly recorder: Recorder };

/** An update as it begins: it has ended, or changes the plan or only who may use the namespace. */
export type Updating =
  | { readonly ended: Outcome }
  | { readonly ended?: undefined; readonly replans: boolean };

/**
 * What an update does to resources. `before` is what stands there now, and again where the update fails;
 * `growth`: what it takes beside adding partitions.
 */
export type Changing = {
  readonly resource: Resource;
  readonly before: Resource | undefined;
  readonly growth?: Growth;
};

export const updatingActivities = ({ attempt, recorder, ...agreeing }: UpdatingDependencies) => ({
  beginUpdate: (input: {
    readonly occasion: Occasion;
    readonly request: NamespaceRequest;
    readonly ifVersion: number | undefined;
    readonly workflow: { readonly id: string; readonly run_id: string };
  }): Promise<Updating> =>
    attempt(input.occasion, "begin", async () => {
      const { occasion, ...asked } = input;
      const { operation, asker } = occasion;
      const known = await recorder.read(occasion.namespace);
      const ended = outcomeOf(known.events, operation);
      if (ended !== undefined) return { ended };
      const command = { type: "RequestUpdate", operation, ...asked, ...(asker && { asker }) } as const;
      const { state } = await recorder.record(occasion, "begin", command);
      if (state.operation?.id !== operation || state.request === undefined) {
        // All is as asked already: nothing began, and there is nothing to end.
        return { ended: { state: "succeeded", position: String(known.events.at(-1)?.position ?? 0n) } };
      }
      // One that is in force already, and goes on after its workflow was lost, differs in nothing any more.
      const { selected } = state.operation;
      return { replans: selected !== undefined || replans(changesBetween(state.request, asked.request)) };
    }),

  /** What of the plan's resources is to become another. Refuses what would need more than changing in place. */
  planChanges: (occasion: Occasion): Promise<readonly Changing[]> =>
    attempt(occasion, "plan-changes", async () => {
      const { state } = await recorder.read(occasion.namespace);
      const { request, selected } = state.operation ?? {};
      const next = selected?.plan;
      if (state.plan === undefined || next === undefined || request === undefined)
        throw new PrismError("INTERNAL", "no plan to change");
      const { added, changed } = planChange(state.plan, next);
      const growth = growthOf(request, state.plan, next);
      const before = new Map(state.plan.resources.map((resource) => [resourceKey(resource), resource]));
      return [...added, ...changed].map((resource) => ({
        resource,
        before: before.get(resourceKey(resource)),
        ...(growth?.topic === resource.name && resource.kind === "topic" ? { growth } : {}),
      }));
    }),

  /**
   * The pivot: what was asked for is in force, and has a directory version of its own. Answers the
   * growth that is still to follow, also for a workflow that goes on for another one.
   */
  applyUpdate: (occasion: Occasion): Promise<Growth | undefined> =>
    attempt(occasion, "apply", async () => {
      const { operation } = occasion;
      return growthLeft(
        await recorder.record(occasion, "apply", { type: "ApplyUpdate", operation }),
        operation,
      );
    }),

  /** Ends the update once every proxy that might still serve the old configuration has the new one. */
  registerUpdate: (occasion: Occasion): Promise<Outcome> =>
    attempt(occasion, "register", async (signal) => {
      const row = servedRowOf(await recorder.read(occasion.namespace), occasion);
      await everyProxyThatMayServe(row, agreeing, signal);
      const proxies = await everyLiveProxy(row, agreeing, signal);
      const command = {
        type: "RegisterProxies",
        operation: occasion.operation,
        directoryVersion: row.directory_version,
        proxies: proxies.map(({ proxy }) => proxy),
        endpoints: proxies.map(({ address, region }) => ({ address, region })),
      } as const;
      return endedIn(await recorder.record(occasion, "register", command), occasion);
    }),
});

/** By the plans before and after; `undefined`: none, or it has been done. */
function growthLeft({ state, events }: NamespaceHistory, operation: string): Growth | undefined {
  const mine = (type: NamespaceEvent["type"]) =>
    events.findIndex((event) => event.type === type && event.metadata.operation === operation);
  if (mine("PartitionsGrown") >= 0 || state.request === undefined || state.plan === undefined)
    return undefined;
  const before = events.slice(0, mine("UpdateApplied")).reduce(evolve, absent);
  return before.plan && growthOf(state.request, before.plan, state.plan);
}
