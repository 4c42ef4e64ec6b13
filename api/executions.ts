import type { Client, Connection, WorkflowExecutionInfo } from "@temporalio/client";
import { WorkflowNotFoundError } from "@temporalio/common";
import { validate as isUuid } from "uuid";
import type { Occasion } from "../activities/occasion.ts";
import { PrismError } from "../domain/errors.ts";
import type { Failure } from "../domain/namespace/event-data.ts";
import type { OperationKind } from "../domain/namespace/progress.ts";
import { closingFailure } from "./closing-failure.ts";

/** The workflow id is the lock: Temporal runs one operation on a namespace at a time. */
export const workflowIdOf = (namespace: string): string => `namespace/${namespace}`;

export type StartedOperation = Occasion & {
  readonly kind: OperationKind;
  readonly team: string;
  readonly client_api: string;
  readonly started_at: string;
  readonly workflow: { readonly id: string; readonly run_id: string };
  /** Where its workflow has closed: when, and why it failed. */
  readonly closed?: Closed;
};

export type Closed = { readonly at: string; readonly failure: Failure | null };

/** What Temporal keeps beside the workflow, so that it can be shown before any event is written. */
export type Memo = {
  readonly occasion: Occasion;
  readonly kind: OperationKind;
  readonly team: string;
  readonly client_api: string;
};

/** A caller waits no longer than this for Temporal to say what it runs. */
const patienceMs = 5_000;

/** What Temporal knows of operations; `BACKEND_UNAVAILABLE` where it does not say in time. */
export function executions({
  client,
  connection,
}: {
  readonly client: Client;
  readonly connection: Connection;
}) {
  const asked = async <T>(read: () => Promise<T | undefined>): Promise<T | undefined> => {
    try {
      return await connection.withDeadline(Date.now() + patienceMs, read);
    } catch (cause) {
      if (cause instanceof WorkflowNotFoundError) return undefined;
      throw away("it is not known whether an operation is under way", cause);
    }
  };

  const run = async ({ id, run_id }: StartedOperation["workflow"]) => {
    const handle = client.workflow.getHandle(id, run_id, { followRuns: false });
    const execution = await handle.describe();
    const started = startedBy(execution);
    if (started === undefined || isOpen.includes(execution.status.name)) return started;
    const failure = await handle.result().then(() => null, closingFailure);
    return { ...started, closed: { at: (execution.closeTime ?? new Date()).toISOString(), failure } };
  };

  return {
    /** Asked of the workflow itself: lists lag behind what was started a moment ago. */
    running: (namespace: string): Promise<StartedOperation | undefined> =>
      asked(async () => {
        const execution = await client.workflow.getHandle(workflowIdOf(namespace)).describe();
        return execution.status.name === "RUNNING" ? startedBy(execution) : undefined;
      }),

    listed: (operation: string): Promise<StartedOperation | undefined> =>
      asked(async () => {
        // All of ours are; what else a caller may write must not become part of the query.
        if (!isUuid(operation)) return undefined;
        const query = `PrismOperationId = '${operation}'`;
        for await (const { workflowId, runId } of client.workflow.list({ query, pageSize: 1 })) {
          return run({ id: workflowId, run_id: runId });
        }
        return undefined;
      }),

    /** As it is by now. */
    again: ({ workflow }: StartedOperation): Promise<StartedOperation | undefined> =>
      asked(() => run(workflow)),
  };
}

export const startedAs = (
  memo: Memo,
  at: Date,
  workflow: StartedOperation["workflow"],
): StartedOperation => ({
  ...memo.occasion,
  kind: memo.kind,
  team: memo.team,
  client_api: memo.client_api,
  started_at: at.toISOString(),
  workflow,
});

// What goes on as another run has not closed.
const isOpen: readonly string[] = ["RUNNING", "PAUSED", "CONTINUED_AS_NEW"];

type Execution = Pick<WorkflowExecutionInfo, "memo" | "startTime" | "workflowId" | "runId">;

function startedBy({ memo, startTime, workflowId, runId }: Execution): StartedOperation | undefined {
  const workflow = { id: workflowId, run_id: runId };
  return memo === undefined ? undefined : startedAs(memo as Memo, startTime, workflow);
}

export const away = (what: string, cause: unknown): PrismError =>
  new PrismError("BACKEND_UNAVAILABLE", `${what}: Temporal did not answer`, { cause });
