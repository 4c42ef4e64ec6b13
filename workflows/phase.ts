import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";
import { setCurrentDetails, upsertSearchAttributes } from "@temporalio/workflow";

const phaseKey = defineSearchAttributeKey("PrismPhase", SearchAttributeType.KEYWORD);
const backendKey = defineSearchAttributeKey("PrismBackend", SearchAttributeType.KEYWORD);

/** Shows people in the Temporal UI how far an operation is. */
export function phase(name: string, backend?: string): void {
  setCurrentDetails(`**${name}**`);
  upsertSearchAttributes([
    { key: phaseKey, value: name },
    ...(backend === undefined ? [] : [{ key: backendKey, value: backend }]),
  ]);
}
