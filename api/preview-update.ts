import { PrismError } from "../domain/errors.ts";
import type { Json, JsonObject } from "../domain/json.ts";
import { changesBetween, crossed, planChange, refuseMigration, replans } from "../domain/namespace/change.ts";
import { decide } from "../domain/namespace/decide.ts";
import { patchBetween } from "../domain/namespace/merge-patch.ts";
import { isLive, type Namespace, openOperation } from "../domain/namespace/namespace.ts";
import type { Selection } from "../domain/plan.ts";
import { requestedAmounts } from "../domain/request/quota.ts";
import type { NamespaceRequest } from "../domain/request/request.ts";
import type { Violation } from "../domain/request/violation.ts";
import { written } from "../domain/team/quota.ts";
import { teamView } from "../domain/team/team.ts";
import type { Caller } from "../runtime/auth.ts";
import { examinedChange, trial } from "./change-namespace.ts";
import type { CreateDependencies } from "./create-namespace.ts";

export type Known = { readonly state: Namespace; readonly current: NamespaceRequest };

/** What an update to `document` would do, or everything that is wrong with it. Changes nothing. */
export async function previewUpdate(deps: CreateDependencies, caller: Caller, known: Known, document: Json) {
  const { state, current } = known;
  const quota = teamView(await deps.teams.read(current.team));
  try {
    const { request, selection } = await examinedChange(deps, caller, current, document);
    const update = updateOf(known, request, selection);
    const violations =
      update.changes.length === 0 && goesOn(state) ? [] : refusedBecause(state, request, selection);
    if (violations.length > 0) return { ...refused, quota, update, violations };
    const { plan, trace, hash, warnings } = selection;
    const approval = crossed(selection.approval, state, { request });
    const required = approval.length > 0;
    return { plan, trace, hash, approval_required: required, approval, quota, warnings, update, violations };
  } catch (error) {
    return { ...refused, quota, update: null, violations: violationsOf(error) };
  }
}

const refused = { plan: null, trace: null, hash: null, approval_required: false, approval: [], warnings: [] };

/** It is there, or on its way to be: being as it is asked for needs no update. */
const goesOn = (state: Namespace): boolean => isLive(state) || openOperation(state)?.kind === "create";

function updateOf({ state, current }: Known, request: NamespaceRequest, { plan }: Selection) {
  const open = openOperation(state);
  // What an update under way asks for is as good as done: asking for it again changes nothing.
  const asked = open?.kind === "update" && open.request !== undefined ? open.request : current;
  const changes = changesBetween(asked, request);
  const resources = state.plan !== undefined && replans(changes) ? planChange(state.plan, plan) : unchanged;
  return {
    version: state.version,
    operation: open?.id ?? null,
    changes,
    resources,
    quota: {
      before: written(requestedAmounts(current.needs)),
      after: written(requestedAmounts(request.needs)),
    },
    patch: patchBetween(current as unknown as JsonObject, request as unknown as JsonObject),
  };
}

const unchanged = { added: [], changed: [], grown: [], moves: [] };

function refusedBecause(
  state: Namespace,
  request: NamespaceRequest,
  { plan }: Selection,
): readonly Violation[] {
  try {
    decide({ type: "RequestUpdate", ...trial, request }, state);
    const changes = changesBetween(state.request ?? request, request);
    if (state.plan !== undefined && replans(changes)) refuseMigration(state.plan, plan);
    return [];
  } catch (error) {
    return violationsOf(error);
  }
}

function violationsOf(error: unknown): readonly Violation[] {
  if (!(error instanceof PrismError) || error.advice !== "fix") throw error;
  const { code, message, details } = error;
  return (
    (details["violations"] as unknown as readonly Violation[] | undefined) ?? [{ code, message, details }]
  );
}
