import {
  type Client,
  type Connection,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionInfo,
} from "@temporalio/client";
import { defineSearchAttributeKey, SearchAttributeType, WorkflowNotFoundError } from "@temporalio/common";
import type { Occasion } from "../activities/occasion.ts";
import { PrismError } from "../domain/errors.ts";
import type { OperationKind } from "../domain/namespace/progress.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import type { CreateNamespace } from "../workflows/create-namespace.ts";

export type StartedOperation = Occasion & {
  readonly kind: OperationKind;
  readonly team: string;
  readonly client_api: string;
  readonly started_at: string;
  readonly workflow: { readonly id: string; readonly run_id: string };
};

export interface OperationStarter {
  /** Starts the operation; `OPERATION_IN_PROGRESS` where the namespace has another one. */
  create(occasion: Occasion, request: NamespaceRequest): Promise<StartedOperation>;
  /** An operation that Temporal has but no worker has begun, so that no event tells of it yet. */
  notBegun(
    by: { readonly operation: string } | { readonly namespace: string },
  ): Promise<StartedOperation | undefined>;
  /** Resolves when Temporal answers. */
  health(): Promise<void>;
}

export type StarterOptions = {
  readonly taskQueue: string;
  readonly timeouts: CreateNamespace["timeouts"] & { readonly stickyMs: number };
};

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
const namespaceKey = keyword("PrismNamespace");
const teamKey = keyword("PrismTeam");
const operationKey = keyword("PrismOperation");
const operationIdKey = keyword("PrismOperationId");

/** The workflow id is the lock: Temporal runs one operation on a namespace at a time. */
export const workflowIdOf = (namespace: string): string => `namespace/${namespace}`;

export function operationStarter(
  { client, connection }: { readonly client: Client; readonly connection: Connection },
  { taskQueue, timeouts: { stickyMs, ...within } }: StarterOptions,
): OperationStarter {
  const recent = remembered();
  return {
    async create(occasion, request) {
      const workflowId = workflowIdOf(occasion.namespace);
      const memo: Memo = { occasion, team: request.team, client_api: request.client_api };
      const args: [CreateNamespace] = [
        {
          occasion,
          request,
          timeouts: within,
        },
      ];
      const started = client.workflow.start("createNamespace", {
        workflowId,
        taskQueue,
        args,
        memo,
        workflowTaskTimeout: stickyMs,
        workflowIdReusePolicy: "ALLOW_DUPLICATE",
        workflowIdConflictPolicy: "FAIL",
        typedSearchAttributes: [
          { key: namespaceKey, value: occasion.namespace },
          { key: teamKey, value: request.team },
          { key: operationKey, value: "create" },
          { key: operationIdKey, value: occasion.operation },
        ],
        staticSummary: `create ${request.client_api} namespace ${occasion.namespace} for ${request.team}`,
      });
      const handle = await ask(occasion.namespace, started);
      const workflow = { id: workflowId, run_id: handle.firstExecutionRunId };
      return recent.keep(startedAs(memo, new Date(), workflow));
    },

    async notBegun(by) {
      if ("namespace" in by) return running(client, by.namespace);
      const known = recent.get(by.operation);
      if (known !== undefined) return known;
      const query = `PrismOperationId = '${quoted(by.operation)}'`;
      for await (const execution of client.workflow.list({ query, pageSize: 1 })) return startedBy(execution);
      return undefined;
    },

    async health() {
      await connection.healthService.check({});
    },
  };
}

const kept = 1_000;

/** What was started here last: neither projection nor Temporal's lists know it at once, and its caller asks at once. */
function remembered() {
  const operations = new Map<string, StartedOperation>();
  return {
    get: (operation: string) => operations.get(operation),
    keep(started: StartedOperation): StartedOperation {
      operations.set(started.operation, started);
      const [oldest] = operations.keys();
      if (operations.size > kept && oldest !== undefined) operations.delete(oldest);
      return started;
    },
  };
}

/** Asked of the workflow itself: lists lag behind what was started a moment ago. */
async function running(client: Client, namespace: string): Promise<StartedOperation | undefined> {
  try {
    const execution = await client.workflow.getHandle(workflowIdOf(namespace)).describe();
    return execution.status.name === "RUNNING" ? startedBy(execution) : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

type Execution = Pick<WorkflowExecutionInfo, "memo" | "startTime" | "workflowId" | "runId">;

function startedBy({ memo, startTime, workflowId, runId }: Execution): StartedOperation | undefined {
  const workflow = { id: workflowId, run_id: runId };
  return memo === undefined ? undefined : startedAs(memo as Memo, startTime, workflow);
}

/** What Temporal keeps beside the workflow, so that it can be shown before any event is written. */
type Memo = { readonly occasion: Occasion; readonly team: string; readonly client_api: string };

const startedAs = (memo: Memo, at: Date, workflow: StartedOperation["workflow"]): StartedOperation => ({
  ...memo.occasion,
  kind: "create",
  team: memo.team,
  client_api: memo.client_api,
  started_at: at.toISOString(),
  workflow,
});

const quoted = (value: string): string => value.replaceAll("'", "");

async function ask<T>(namespace: string, started: Promise<T>): Promise<T> {
  try {
    return await started;
  } catch (cause) {
    if (cause instanceof WorkflowExecutionAlreadyStartedError) {
      throw new PrismError("OPERATION_IN_PROGRESS", `Namespace '${namespace}' has an operation under way`, {
        cause,
      });
    }
    throw new PrismError(
      "BACKEND_UNAVAILABLE",
      "the operation could not be started: Temporal did not answer",
      { cause },
    );
  }
}
