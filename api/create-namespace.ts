import type { Occasion } from "../activities/occasion.ts";
import type { IdempotencyKeys } from "../control/idempotency-keys.ts";
import type { TeamCommands } from "../control/team-commands.ts";
import { PrismError } from "../domain/errors.ts";
import type { RecordedEvent } from "../domain/event.ts";
import type { Json } from "../domain/json.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { isFree, type Namespace, teamsOf } from "../domain/namespace/namespace.ts";
import { nameTaken } from "../domain/namespace/refusals.ts";
import { addressee, examine } from "../domain/request/examine.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import { refusal } from "../domain/request/violation.ts";
import type { Inventory } from "../domain/selection/inventory.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Caller } from "../runtime/auth.ts";
import type { CollisionLimit } from "./collisions.ts";
import type { StartedOperation } from "./executions.ts";
import { factsAbout } from "./facts.ts";
import { type KeyedRequest, keyedBy } from "./keyed-request.ts";
import type { OperationStarter } from "./operation-starter.ts";
import { readNamespace } from "./read-namespace.ts";

export type CreateDependencies = {
  readonly store: EventStore;
  readonly starter: OperationStarter;
  readonly keys: IdempotencyKeys;
  readonly collisions: CollisionLimit;
  readonly teams: TeamCommands;
  readonly inventory: Inventory;
};

/**
 * What can be refused at once is refused here, with no operation and no event; what
 * passes becomes an operation. Reads the stream and no projection: a name that was taken
 * a moment ago is taken. A repeat under one Idempotency-Key answers the first operation.
 */
export async function requestNamespace(
  deps: CreateDependencies,
  caller: Caller,
  document: Json,
  idempotencyKey: string | undefined,
): Promise<StartedOperation> {
  const keyed = keyedBy(deps, caller, document, idempotencyKey);
  const first = await keyed.before();
  if (first !== undefined) return first;
  try {
    return await begun(deps, caller, document, keyed);
  } catch (error) {
    // What speaks against it may be the same request, which came through meanwhile.
    const meanwhile = await keyed.before().catch((second: unknown) => {
      // Where that cannot be told, what was wrong first is what the caller has to know.
      throw second instanceof PrismError && second.code === "BACKEND_UNAVAILABLE" ? error : second;
    });
    if (meanwhile !== undefined) return meanwhile;
    throw error;
  }
}

async function begun(
  deps: CreateDependencies,
  caller: Caller,
  document: Json,
  keyed: KeyedRequest,
): Promise<StartedOperation> {
  const request = await examined(deps, caller, document);
  const { namespace } = request;
  deps.collisions.assertMayAsk(caller);
  const { state, events } = await readNamespace(deps.store, namespace);
  if (!isFree(state)) throw taken(deps, state, events, caller);

  await keyed.claim(namespace);
  const asker = caller.platform ? "platform" : "team";
  const occasion: Occasion = { namespace, operation: keyed.operation, actor: caller.subject, asker };
  try {
    return await deps.starter.create(occasion, request);
  } catch (error) {
    throw await lostTheRace(deps, caller, error, namespace);
  }
}

/** Another operation took the name, and no event tells of it yet: its owners learn which, others that it is taken. */
async function lostTheRace(
  { starter, collisions }: CreateDependencies,
  caller: Caller,
  error: unknown,
  namespace: string,
): Promise<unknown> {
  if (!(error instanceof PrismError && error.code === "OPERATION_IN_PROGRESS")) return error;
  const other = await starter.notBegun({ namespace });
  if (other !== undefined && (caller.platform || caller.teams.includes(other.team))) {
    return inProgress(namespace, other.operation);
  }
  collisions.collided(caller);
  return nameTaken(namespace);
}

const inProgress = (namespace: string, operation: string): PrismError =>
  new PrismError("OPERATION_IN_PROGRESS", `Namespace '${namespace}' has an operation under way`, {
    details: { field: "namespace", operation, recommendation: "Wait for the operation to end, or cancel it" },
  });

/** The request in its normal form; every violation at once where it cannot be taken. */
async function examined(
  { teams, inventory }: CreateDependencies,
  caller: Caller,
  document: Json,
): Promise<NamespaceRequest> {
  const { known } = await factsAbout(teams, caller, addressee(document).team, document);
  const examination = examine(document, { ...known, inventory });
  if (!examination.accepted) throw refusal(examination.violations);
  return examination.request;
}

/** That a name is taken is no secret; whose it is and what goes on is told to its owners alone. */
function taken(
  { collisions }: CreateDependencies,
  { request, operation }: Namespace,
  events: readonly RecordedEvent<NamespaceEvent>[],
  caller: Caller,
): PrismError {
  const error = nameTaken(request?.namespace ?? "");
  const owners = request === undefined ? [] : teamsOf(request);
  if (!caller.platform && !owners.some((owner) => caller.teams.includes(owner))) {
    collisions.collided(caller);
    return error;
  }
  if (operation !== undefined && !operation.ended) return inProgress(request?.namespace ?? "", operation.id);
  const created = events.findLast(({ type }) => type === "NamespaceRequested")?.recordedAt.toISOString();
  const details = { ...error.details, existing_owner: request?.team, created_at: created };
  return new PrismError(error.code, error.message, { details });
}
