import { planChange } from "../../domain/namespace/change.ts";
import { createSteps, ensureStep, removeStep } from "../../domain/namespace/steps.ts";
import { select } from "../../domain/selection/select.ts";
import { development } from "../domain/inventories.ts";
import { request as example } from "../domain/namespace/examples.ts";

/** What an update of the example asks for. */
export const grown = { needs: { write_rps: 400 } };

const planOf = (namespace: string, change: object = {}) =>
  select({ ...example, namespace, needs: { ...example.needs, ...change } }, development).plan;
export const changedOf = (namespace: string): readonly string[] =>
  planChange(planOf(namespace), planOf(namespace, grown.needs)).changed.map(ensureStep);
export const removalsOf = (namespace: string): readonly string[] =>
  planOf(namespace).resources.map(removeStep);

/** The steps that are made to fail, before and after the operation's pivot; `begin` has nothing to undo. */
export const failing = {
  create: { before: createSteps({ plan: planOf("orders") }).slice(1), after: [] },
  update: {
    before: ["reserve-quota", "select", "plan-changes", ...changedOf("orders"), "apply"],
    after: ["commit-quota", "register"],
  },
  delete: {
    before: ["stop-traffic", "drain"],
    after: [
      ...["stop-providers", "archive", ...removalsOf("orders")],
      ...["unregister", "release-quota", "delete"],
    ],
  },
} as const satisfies Record<string, { before: readonly string[]; after: readonly string[] }>;
