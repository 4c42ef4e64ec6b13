import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";
import { upsertSearchAttributes } from "@temporalio/workflow";
import type { Outcome } from "../domain/namespace/outcome.ts";

const phaseKey = defineSearchAttributeKey("PrismPhase", SearchAttributeType.KEYWORD);
const backendKey = defineSearchAttributeKey("PrismBackend", SearchAttributeType.KEYWORD);

/** How far an operation is, as people find it in the Temporal UI. */
export function phase(name: string, backend?: string): void {
  upsertSearchAttributes([
    { key: phaseKey, value: name },
    ...(backend === undefined ? [] : [{ key: backendKey, value: backend }]),
  ]);
}

/** The last phase of an operation; answers the position of its last event, which is the workflow's result. */
export function ended(how: { readonly result: Outcome } | { readonly outcome: Outcome }): string {
  const { state, position } = "outcome" in how ? how.outcome : how.result;
  phase(state === "succeeded" ? "active" : state);
  return position;
}
