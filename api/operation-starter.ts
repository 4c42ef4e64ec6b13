import { setTimeout as delay } from "node:timers/promises";
import { type Client, type Connection, WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";
import type { Occasion } from "../activities/occasion.ts";
import { PrismError } from "../domain/errors.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import { spanned, traceparent } from "../runtime/tracing.ts";
import type { CreateNamespace } from "../workflows/create-namespace.ts";
import type { DeleteNamespace } from "../workflows/delete-namespace.ts";
import type { MoveNamespace } from "../workflows/move-namespace.ts";
import type { UpdateNamespace } from "../workflows/update-namespace.ts";
import type { Work } from "../workflows/work.ts";
import { away, executions, type Memo, type StartedOperation, startedAs, workflowIdOf } from "./executions.ts";

export interface OperationStarter {
  /** Each starts an operation; `OPERATION_IN_PROGRESS` where the namespace has another one. */
  create(occasion: Occasion, request: NamespaceRequest): Promise<StartedOperation>;
  /** `request`: the whole of what is to be. */
  update(
    occasion: Occasion,
    request: NamespaceRequest,
    ifVersion: number | undefined,
  ): Promise<StartedOperation>;
  /** `about`: the namespace as it is. */
  remove(
    occasion: Occasion,
    about: NamespaceRequest,
    confirm: string | undefined,
    ifVersion: number | undefined,
  ): Promise<StartedOperation>;
  rewind(occasion: Occasion, about: NamespaceRequest): Promise<StartedOperation>;
  /** `to`: the shard that is to serve it. */
  move(occasion: Occasion, about: NamespaceRequest, to: string): Promise<StartedOperation>;
  /**
   * An operation that Temporal has, of which no event may tell: no worker has begun it yet, or it was refused
   * where it was to begin; then it has `closed`. Of a namespace: only what goes on.
   */
  notBegun(
    by: { readonly operation: string } | { readonly namespace: string },
  ): Promise<StartedOperation | undefined>;
  /** Resolves when Temporal answers. */
  health(): Promise<void>;
}

export type StarterOptions = {
  readonly taskQueue: string;
  readonly timeouts: Work["timeouts"] & { readonly stickyMs: number };
  /** Whether the operation's end is on its namespace's stream. */
  readonly hasEnded: (operation: StartedOperation) => Promise<boolean>;
};

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
const namespaceKey = keyword("PrismNamespace");
const teamKey = keyword("PrismTeam");
const operationKey = keyword("PrismOperation");
const operationIdKey = keyword("PrismOperationId");
const phaseKey = keyword("PrismPhase");

export function operationStarter(
  { client, connection }: { readonly client: Client; readonly connection: Connection },
  { taskQueue, timeouts: { stickyMs, ...within }, hasEnded }: StarterOptions,
): OperationStarter {
  const recent = remembered();
  const asked = executions({ client, connection });

  /** The last operation has ended on the stream a moment before its workflow does. */
  const whenFree = async (
    { namespace, operation }: Occasion,
    begin: () => Promise<StartedOperation>,
  ): Promise<StartedOperation> => {
    for (const deadline = Date.now() + closingMs; ; await delay(50)) {
      try {
        return await ask(namespace, begin());
      } catch (error) {
        const taken = error instanceof PrismError && error.code === "OPERATION_IN_PROGRESS";
        if (!taken || Date.now() > deadline) throw error;
        const other = await asked.running(namespace);
        // A start whose answer was lost is repeated by the client, and meets itself one phase on.
        if (other?.operation === operation) return other;
        if (other !== undefined && !(await hasEnded(other))) throw error;
      }
    }
  };

  /** `about`: the namespace as it is, or is to be. */
  const start = async (
    kind: keyof typeof types,
    occasion: Occasion,
    about: NamespaceRequest,
    input: object,
  ): Promise<StartedOperation> => {
    const { team, client_api } = about;
    const workflowId = workflowIdOf(occasion.namespace);
    const memo: Memo = { occasion, kind, team, client_api };
    const begin = () =>
      spanned({ name: `StartWorkflow:${types[kind]}`, kind: "producer", attributes }, startWorkflow);
    const attributes = { "prism.namespace": occasion.namespace, "prism.operation_id": occasion.operation };
    const startWorkflow = async () => {
      const trace = traceparent();
      const { firstExecutionRunId } = await client.workflow.start(types[kind], {
        workflowId,
        taskQueue,
        args: [{ occasion: { ...occasion, ...(trace && { trace }) }, timeouts: within, ...input }],
        memo,
        workflowTaskTimeout: stickyMs,
        workflowIdReusePolicy: "ALLOW_DUPLICATE",
        workflowIdConflictPolicy: "FAIL",
        typedSearchAttributes: [
          { key: namespaceKey, value: occasion.namespace },
          { key: teamKey, value: team },
          { key: operationKey, value: kind },
          { key: operationIdKey, value: occasion.operation },
          { key: phaseKey, value: "plan" },
        ],
        staticSummary: `${kind} ${client_api} namespace ${occasion.namespace} of ${team}`,
      });
      return startedAs(memo, new Date(), { id: workflowId, run_id: firstExecutionRunId });
    };
    return recent.keep(await whenFree(occasion, begin));
  };

  return {
    create(occasion, request) {
      const input: Told<CreateNamespace> = { request };
      return start("create", occasion, request, input);
    },

    update(occasion, request, ifVersion) {
      const input: Told<UpdateNamespace> = { request, ...(ifVersion === undefined ? {} : { ifVersion }) };
      return start("update", occasion, request, input);
    },

    remove(occasion, about, confirm, ifVersion) {
      const input: Told<DeleteNamespace> = { confirm, ...(ifVersion === undefined ? {} : { ifVersion }) };
      return start("delete", occasion, about, input);
    },

    rewind: (occasion, about) => start("rewind", occasion, about, {}),

    move(occasion, about, to) {
      const input: Told<MoveNamespace> = { to };
      return start("move", occasion, about, input);
    },

    async notBegun(by) {
      if ("namespace" in by) return asked.running(by.namespace);
      const known = recent.get(by.operation);
      return known === undefined ? asked.listed(by.operation) : asked.again(known);
    },

    async health() {
      await connection.healthService.check({});
    },
  };
}

/** What an operation's workflow is told beside whose work it does. */
type Told<Input extends Work> = Omit<Input, keyof Work>;

const types = {
  create: "createNamespace",
  update: "updateNamespace",
  delete: "deleteNamespace",
  rewind: "rewindRelay",
  move: "moveNamespace",
} as const;

/** A workflow that has nothing left to do ends within it. */
const closingMs = 10_000;

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

async function ask<T>(namespace: string, started: Promise<T>): Promise<T> {
  try {
    return await started;
  } catch (cause) {
    if (cause instanceof WorkflowExecutionAlreadyStartedError) {
      throw new PrismError("OPERATION_IN_PROGRESS", `Namespace '${namespace}' has an operation under way`, {
        cause,
      });
    }
    throw away("the operation could not be started", cause);
  }
}
