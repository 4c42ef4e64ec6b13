import {
  defineSearchAttributeKey,
  SearchAttributeType,
  WorkflowExecutionAlreadyStartedError,
} from "@temporalio/common";
import { ParentClosePolicy, startChild, workflowInfo } from "@temporalio/workflow";
import type { Job } from "../activities/jobs.ts";
import type { Timeouts } from "./steps.ts";

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

/**
 * Starts what a sweep found to be done under the namespace's own id, as the API would. `undefined`: another
 * operation has the namespace, and the next sweep looks again. `end` resolves however it ends.
 */
export async function startJob(
  { type, kind, team, client_api, occasion, input }: Job,
  timeouts: Timeouts,
): Promise<{ readonly end: Promise<void> } | undefined> {
  const { namespace, operation } = occasion;
  try {
    const child = await startChild(type, {
      workflowId: `namespace/${namespace}`,
      args: [{ occasion, timeouts, ...input }],
      memo: { occasion, kind, team, client_api },
      typedSearchAttributes: [
        { key: keyword("PrismNamespace"), value: namespace },
        { key: keyword("PrismTeam"), value: team },
        { key: keyword("PrismOperation"), value: kind },
        { key: keyword("PrismOperationId"), value: operation },
        { key: keyword("PrismPhase"), value: "plan" },
      ],
      staticSummary: `${type} ${namespace} of ${team}`,
      workflowTaskTimeout: workflowInfo().taskTimeoutMs,
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
    return { end: child.result().then(settled, settled) };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}

const settled = (): void => {};
