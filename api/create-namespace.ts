import { v5 as uuid5, v7 as uuid7 } from "uuid";
import type { Occasion } from "../activities/occasion.ts";
import type { TeamCommands } from "../control/team-commands.ts";
import { PrismError } from "../domain/errors.ts";
import type { RecordedEvent } from "../domain/event.ts";
import { canonicalJson, type Json } from "../domain/json.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { evolve } from "../domain/namespace/evolve.ts";
import { absent, isFree, type Namespace, streamOf } from "../domain/namespace/namespace.ts";
import { nameTaken } from "../domain/namespace/refusals.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import { addressee, examine } from "../domain/request/examine.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import { refusal } from "../domain/request/violation.ts";
import type { Inventory } from "../domain/selection/inventory.ts";
import { readAggregate } from "../eventstore/aggregate.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Caller } from "../runtime/auth.ts";
import { factsAbout } from "./facts.ts";
import type { OperationStarter, StartedOperation } from "./operation-starter.ts";

export type CreateDependencies = {
  readonly store: EventStore;
  readonly starter: OperationStarter;
  readonly operations: { get(id: string): Promise<OperationRow | undefined> };
  readonly teams: TeamCommands;
  readonly inventory: Inventory;
};

/** Chosen once: the same key from the same caller names the same operation for ever. */
const operationIds = "0a0d5c6e-6a8c-4d0e-8a43-7c1d1f0e2b55";

/**
 * What can be refused at once is refused here, with no operation and no event; what
 * passes becomes an operation. Reads the stream and no projection: a name that was taken
 * a moment ago is taken.
 */
export async function requestNamespace(
  deps: CreateDependencies,
  caller: Caller,
  document: Json,
  idempotencyKey: string | undefined,
): Promise<StartedOperation> {
  const request = await examined(deps, caller, document);
  const operation = operationIdFor(caller, idempotencyKey);
  const asker = caller.platform ? "platform" : "team";
  const occasion: Occasion = { namespace: request.namespace, operation, actor: caller.subject, asker };

  const repeated = idempotencyKey === undefined ? undefined : await earlier(deps, occasion, request);
  if (repeated !== undefined) return repeated;

  const { state, events } = await readNamespace(deps.store, request.namespace);
  if (!isFree(state)) throw taken(state, events, caller);
  return deps.starter
    .create(occasion, request)
    .catch((error: unknown) => lostTheRace(deps, caller, error, request));
}

/** Another operation took the name, and no event tells of it yet: its owners learn which, others that it is taken. */
async function lostTheRace(
  { starter }: CreateDependencies,
  caller: Caller,
  error: unknown,
  { namespace }: NamespaceRequest,
): Promise<never> {
  if (!(error instanceof PrismError && error.code === "OPERATION_IN_PROGRESS")) throw error;
  const other = await starter.notBegun({ namespace });
  const may = other !== undefined && (caller.platform || caller.teams.includes(other.team));
  throw may ? inProgress(namespace, other.operation) : nameTaken(namespace);
}

const inProgress = (namespace: string, operation: string): PrismError =>
  new PrismError("OPERATION_IN_PROGRESS", `Namespace '${namespace}' has an operation under way`, {
    details: { field: "namespace", operation, recommendation: "Wait for the operation to end" },
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
  const { request, selection } = examination;
  const [first] = selection.approval;
  if (first === undefined) return request;
  throw new PrismError(
    "UNIMPLEMENTED",
    `${first.because}: this needs approval, and waiting for it is not built yet`,
    {
      details: {
        field: first.field,
        recommendation: "Ask within the guided limits, or have the platform team request it",
      },
    },
  );
}

function operationIdFor(caller: Caller, key: string | undefined): string {
  if (key === undefined) return uuid7();
  if (key.length > 200) {
    throw new PrismError("INVALID_CONFIGURATION", "Idempotency-Key is longer than 200 characters", {
      details: { field: "Idempotency-Key", recommendation: "Use a UUID" },
    });
  }
  return uuid5([caller.subject, "POST", "/api/v1/namespaces", key].join("\n"), operationIds);
}

/** The operation this key has started before; another body under the same key is refused. */
async function earlier(
  deps: CreateDependencies,
  { operation, actor }: Occasion,
  request: NamespaceRequest,
): Promise<StartedOperation | undefined> {
  const row = await deps.operations.get(operation);
  const known = row ?? (await deps.starter.notBegun({ operation }));
  if (known === undefined) return undefined;
  const { state } = await readNamespace(deps.store, known.namespace);
  const first = state.operation?.id === operation ? state.request : undefined;
  const same =
    first === undefined
      ? known.namespace === request.namespace
      : canonicalJson(first) === canonicalJson(request);
  if (!same) {
    throw new PrismError("IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used for another request", {
      details: { field: "Idempotency-Key", recommendation: "Use a new key for a new request" },
    });
  }
  const { namespace, kind, started_at, workflow } = known;
  return {
    namespace,
    team: request.team,
    client_api: request.client_api,
    kind,
    started_at,
    workflow,
    operation,
    actor,
  };
}

const readNamespace = (store: EventStore, namespace: string) =>
  readAggregate<Namespace, NamespaceEvent>(store, streamOf(namespace), absent, evolve);

/** That a name is taken is no secret; whose it is and what goes on is told to its owners alone. */
function taken(
  { request, operation }: Namespace,
  events: readonly RecordedEvent<NamespaceEvent>[],
  caller: Caller,
): PrismError {
  const { namespace, team } = request ?? { namespace: "", team: "" };
  const error = nameTaken(namespace);
  if (!caller.platform && !caller.teams.includes(team)) return error;
  if (operation !== undefined && !operation.ended) return inProgress(namespace, operation.id);
  const created = events.findLast(({ type }) => type === "NamespaceRequested")?.recordedAt.toISOString();
  const details = { ...error.details, existing_owner: team, created_at: created };
  return new PrismError(error.code, error.message, { details });
}
