import type { FastifyReply } from "fastify";
import type { OperationState } from "../domain/namespace/progress.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import type { StartedOperation } from "./executions.ts";
import { type LookupDependencies, lookup } from "./lookup.ts";
import { decisionOf } from "./outcome.ts";
import { sightOf } from "./rights.ts";
import type { UnbegunDependencies } from "./unbegun.ts";

export type AnsweringDependencies = LookupDependencies &
  UnbegunDependencies & { readonly operations: ProjectionReader<OperationRow> };

export type Answering = {
  readonly caller: Caller;
  readonly started: StartedOperation;
  /** The `Prefer` header: `wait=N` in seconds. */
  readonly prefer: string | undefined;
  /** What a namespace answers with that is what was asked for: in one of these states. */
  readonly done: { readonly statuses: readonly string[]; readonly code: 200 | 201 };
};

const longestWaitSeconds = 60;

/** Answers for an operation that has started: 202, or once it is decided as long as the caller wants to wait. */
export function answering(deps: AnsweringDependencies) {
  const { view } = lookup(deps);

  const untilDecided = async (started: StartedOperation, patience: AbortSignal) => {
    const decision = await decisionOf(deps, started, patience);
    if (decision?.failure !== undefined) throw decision.failure;
    if (decision === undefined) return undefined;
    await deps.namespaces.waitFor(decision.position, patience);
    await deps.operations.waitFor(decision.position, patience);
    return decision;
  };

  return async ({ caller, started, prefer, done }: Answering, reply: FastifyReply) => {
    reply.header("location", `/api/v1/operations/${started.operation}`);
    const waitMs = patienceMsOf(prefer);
    const decided = waitMs > 0 ? await untilDecided(started, AbortSignal.timeout(waitMs)) : undefined;
    const row = await deps.namespaces.get(started.namespace);
    // A later operation may have it, or another team the name.
    const theirs = row?.operation.id === started.operation && sightOf(caller, row) === "all";
    if (!theirs) return reply.status(202).send(beginning(started, decided?.state));
    reply.header("etag", `"${row.version}"`);
    const isDone =
      decided !== undefined && done.statuses.includes(row.status) && row.operation.state === "succeeded";
    return reply.status(isDone ? done.code : 202).send(await view(row, "all"));
  };
}

const beginnings = { create: "provisioning", update: "active", delete: "deleting" } as const;

/** Accepted, and not known to the projections: no worker has begun it yet, or it has ended without a change. */
export const beginning = (started: StartedOperation, state: OperationState = "pending") => ({
  namespace: started.namespace,
  status: started.kind in beginnings ? beginnings[started.kind as keyof typeof beginnings] : "active",
  client_api: started.client_api,
  endpoints: [],
  team: started.team,
  operation: { id: started.operation, kind: started.kind, state },
});

function patienceMsOf(prefer: string | undefined): number {
  const wait = /(?:^|[,;\s])wait\s*=\s*(\d{1,6})/.exec(prefer ?? "")?.[1];
  return Math.min(Number(wait ?? 0), longestWaitSeconds) * 1000;
}
