import { makeContinueAsNewFunc, type Workflow, workflowInfo } from "@temporalio/workflow";

/** Ends this phase and begins the next under the same workflow id, with a history of its own. */
export function goOn<Next extends Workflow>(
  workflowType: string,
  ...input: Parameters<Next>
): Promise<never> {
  // Unsaid, it would fall back to ten seconds, and a killed worker would cost as much.
  const workflowTaskTimeout = workflowInfo().taskTimeoutMs;
  return makeContinueAsNewFunc<Next>({ workflowType, workflowTaskTimeout })(...input);
}
