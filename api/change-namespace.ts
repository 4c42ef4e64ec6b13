import type { Occasion } from "../activities/occasion.ts";
import type { Shards } from "../control/shards.ts";
import { PrismError } from "../domain/errors.ts";
import type { Json } from "../domain/json.ts";
import { changesBetween, refuseMigration, replans } from "../domain/namespace/change.ts";
import { decide } from "../domain/namespace/decide.ts";
import { mergePatch } from "../domain/namespace/merge-patch.ts";
import { type Namespace, teamsOf } from "../domain/namespace/namespace.ts";
import { examine } from "../domain/request/examine.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import { refusal } from "../domain/request/violation.ts";
import { movingOf, targetOf } from "../domain/shard/target.ts";
import type { Caller } from "../runtime/auth.ts";
import type { CreateDependencies } from "./create-namespace.ts";
import type { StartedOperation } from "./executions.ts";
import { factsAbout } from "./facts.ts";
import { type KeyedRequest, keyedBy } from "./keyed-request.ts";
import { mustBePlatform } from "./platform.ts";
import { readNamespace } from "./read-namespace.ts";
import { notFound } from "./rights.ts";

type Asking = {
  readonly caller: Caller;
  readonly namespace: string;
  readonly idempotencyKey: string | undefined;
};

// What a decision is tried with before there is an operation: nothing of it is recorded.
export const trial = { operation: "trial", workflow: { id: "", run_id: "" } };

/**
 * Begins an update by a merge patch (RFC 7396) on what was asked for so far. `undefined`: all is
 * as asked already. `ifVersion`: refused where the namespace has another one.
 */
export async function requestUpdate(
  deps: CreateDependencies,
  { caller, namespace, idempotencyKey }: Asking,
  patch: Json,
  ifVersion: number | undefined,
): Promise<StartedOperation | undefined> {
  const keyed = keyedBy(deps, caller, patch, idempotencyKey, { method: "PATCH", namespace });
  const first = await keyed.before();
  if (first !== undefined) return first;
  const { state, current } = await ownedNow(deps, caller, namespace);
  const version = ifVersion === undefined ? {} : { ifVersion };
  // Whether it may be changed at all comes before what is wrong with the change.
  decide({ type: "RequestUpdate", ...trial, request: current, ...version }, state);
  const { request, selection } = await examinedChange(
    deps,
    caller,
    current,
    mergePatch(current as unknown as Json, patch),
  );
  const changes = changesBetween(current, request);
  decide({ type: "RequestUpdate", ...trial, request, ...version }, state);
  if (changes.length === 0) return undefined;
  if (state.plan !== undefined && replans(changes)) refuseMigration(state.plan, selection.plan);
  await keyed.claim(namespace);
  return deps.starter.update(occasionOf(caller, namespace, keyed), request, ifVersion);
}

/** Begins a delete; `confirm` has to be the namespace's name. `ifVersion`: refused where it has another one. */
export async function requestDeletion(
  deps: CreateDependencies,
  { caller, namespace, idempotencyKey }: Asking,
  confirm: string | undefined,
  ifVersion: number | undefined,
): Promise<StartedOperation> {
  const keyed = keyedBy(deps, caller, { confirm: confirm ?? null }, idempotencyKey, {
    method: "DELETE",
    namespace,
  });
  const first = await keyed.before();
  if (first !== undefined) return first;
  const { state, current } = await ownedNow(deps, caller, namespace);
  decide({ type: "RequestDeletion", ...trial, confirm, ifVersion }, state);
  await keyed.claim(namespace);
  return deps.starter.remove(occasionOf(caller, namespace, keyed), current, confirm, ifVersion);
}

/** Begins a rewind of its relay: what the log holds of the last hour is sent again. */
export async function requestRewind(
  deps: CreateDependencies,
  { caller, namespace, idempotencyKey }: Asking,
): Promise<StartedOperation> {
  const keyed = keyedBy(deps, caller, {}, idempotencyKey, {
    method: "POST",
    namespace,
    verb: "relay/rewind",
  });
  const first = await keyed.before();
  if (first !== undefined) return first;
  const { state, current } = await ownedNow(deps, caller, namespace);
  decide({ type: "RequestRewind", ...trial }, state);
  await keyed.claim(namespace);
  return deps.starter.rewind(occasionOf(caller, namespace, keyed), current);
}

/** Begins a move to the shard that is named, or to the best that takes it. For the platform alone. */
export async function requestMove(
  deps: CreateDependencies & { readonly shards: Pick<Shards, "all"> },
  { caller, namespace, idempotencyKey }: Asking,
  wanted: string | undefined,
): Promise<StartedOperation> {
  const body = wanted === undefined ? {} : { shard: wanted };
  const keyed = keyedBy(deps, caller, body, idempotencyKey, { method: "POST", namespace, verb: "move" });
  const first = await keyed.before();
  if (first !== undefined) return first;
  const { state, current } = await ownedNow(deps, caller, namespace);
  mustBePlatform(caller, "moves namespaces");
  decide({ type: "RequestMove", ...trial, to: wanted ?? "" }, state);
  const to = targetOf(wanted, movingOf(state), await deps.shards.all());
  await keyed.claim(namespace);
  return deps.starter.move(occasionOf(caller, namespace, keyed), current, to);
}

/** The namespace as its stream tells it, for those who may change it. */
export async function ownedNow(
  { store }: CreateDependencies,
  caller: Caller,
  namespace: string,
): Promise<{ readonly state: Namespace; readonly current: NamespaceRequest }> {
  const { state } = await readNamespace(store, namespace);
  const { request: current } = state;
  if (current === undefined) throw notFound(namespace);
  const owns = caller.platform || teamsOf(current).some((team) => caller.teams.includes(team));
  if (owns) return { state, current };
  const consumes = current.access.consumers.some(({ service }) => caller.subject === `service:${service}`);
  if (!consumes && !caller.audit) throw notFound(namespace);
  throw new PrismError("FORBIDDEN", `Only owners of '${namespace}' may change it`, {
    details: { field: "namespace", recommendation: "Ask a member of the owning team, or the platform team" },
  });
}

/** What is to be, in its normal form; every violation at once where it cannot be. */
export async function examinedChange(
  { teams, inventory }: CreateDependencies,
  caller: Caller,
  { team, namespace }: NamespaceRequest,
  document: Json,
) {
  // A team that owns it beside the first one may change it as that one may.
  const asOwner = { ...caller, teams: [...caller.teams, team] };
  const { known } = await factsAbout(teams, asOwner, team, document, namespace);
  const examination = examine(document, { ...known, inventory });
  if (!examination.accepted) throw refusal(examination.violations);
  return examination;
}

const occasionOf = (caller: Caller, namespace: string, keyed: KeyedRequest): Occasion => ({
  namespace,
  operation: keyed.operation,
  actor: caller.subject,
  asker: caller.platform ? "platform" : "team",
});
