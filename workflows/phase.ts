import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";
import { upsertSearchAttributes } from "@temporalio/workflow";

const phaseKey = defineSearchAttributeKey("PrismPhase", SearchAttributeType.KEYWORD);
const backendKey = defineSearchAttributeKey("PrismBackend", SearchAttributeType.KEYWORD);

/** How far an operation is, as people find it in the Temporal UI. */
export function phase(name: string, backend?: string): void {
  upsertSearchAttributes([
    { key: phaseKey, value: name },
    ...(backend === undefined ? [] : [{ key: backendKey, value: backend }]),
  ]);
}
