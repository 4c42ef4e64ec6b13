import { PrismError } from "../errors.ts";
import type { Command } from "./commands.ts";
import { selectPlan } from "./create.ts";
import type { NamespaceEvent } from "./events.ts";
import { operationNamed } from "./intervene.ts";
import type { Namespace } from "./namespace.ts";
import { type Operation, type PendingApproval, pendingApproval } from "./operation.ts";
import { assertUnderWay, notReady, tooLate } from "./refusals.ts";

/** Quiet where nothing needs a word, or the plan waits already. */
export function requestApproval(
  { requestedBy, expiresAt }: Command<"RequestApproval">,
  operation: Operation,
): readonly NamespaceEvent[] {
  const { approval, selected } = operation;
  if (selected === undefined) throw notReady("no plan was selected that could be approved");
  const { fields, waiting, granted } = approval;
  if (fields.length === 0 || waiting !== undefined || granted !== undefined) return [];
  assertUnderWay(operation);
  return [asking(selected.hash, fields, { requestedBy, expiresAt })];
}

const asking = (
  planHash: string,
  fields: Operation["approval"]["fields"],
  { requestedBy, expiresAt }: Omit<PendingApproval, "planHash">,
): NamespaceEvent => ({
  type: "ApprovalRequested",
  data: { plan_hash: planHash, fields, requested_by: requestedBy, expires_at: expiresAt },
});

/** Another plan than the one that waits is what would be built today: it waits in its place. */
export function renewPlan(
  { selection, expiresAt }: Command<"RenewPlan">,
  namespace: Namespace,
  operation: Operation,
): readonly NamespaceEvent[] {
  const waiting = pendingApproval(operation);
  if (waiting === undefined || waiting.planHash === selection.hash) return [];
  const selected = selectPlan(selection, namespace, operation);
  const fields = selected.type === "PlanSelected" ? (selected.data.approval ?? []) : [];
  if (fields.length === 0) return [selected];
  return [selected, asking(selection.hash, fields, { requestedBy: waiting.requestedBy, expiresAt })];
}

/** Approves a plan by its hash: the one that waits, as long as it is what would be built today. */
export function grantApproval(
  command: Command<"GrantApproval">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  const { by, planHash, today, at, comment } = command;
  const operation = operationNamed(command, namespace);
  const { granted } = operation.approval;
  if (granted === planHash) return [];
  if (granted !== undefined) throw stale(planHash, granted);
  const { requestedBy, expiresAt, ...waiting } = waitingOf(operation);
  if (by === requestedBy) {
    throw new PrismError("FORBIDDEN", "Nobody approves what they asked for", {
      details: { recommendation: "Ask another member of the platform team" },
    });
  }
  if (Date.parse(at) >= Date.parse(expiresAt)) throw tooLate(`The approval was due until ${expiresAt}`);
  if (planHash !== waiting.planHash || today !== waiting.planHash) throw stale(planHash, today);
  return [{ type: "ApprovalGranted", data: { plan_hash: planHash, by, comment: comment ?? null } }];
}

export function rejectApproval(
  command: Command<"RejectApproval">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  const { by, planHash, reason } = command;
  const operation = operationNamed(command, namespace);
  if (operation.undoing === "rejected") return [];
  const waiting = waitingOf(operation);
  if (planHash !== waiting.planHash) throw stale(planHash, waiting.planHash);
  return [{ type: "ApprovalRejected", data: { plan_hash: planHash, by, reason } }];
}

/** Quiet before it is due: the timer may be that of a plan which another has replaced. */
export function expireApproval(
  { at }: Command<"ExpireApproval">,
  operation: Operation,
): readonly NamespaceEvent[] {
  const waiting = pendingApproval(operation);
  if (waiting === undefined || Date.parse(at) < Date.parse(waiting.expiresAt)) return [];
  const { planHash, expiresAt } = waiting;
  return [{ type: "ApprovalExpired", data: { plan_hash: planHash, expires_at: expiresAt } }];
}

function waitingOf(operation: Operation): PendingApproval {
  assertUnderWay(operation);
  const waiting = pendingApproval(operation);
  if (waiting === undefined) throw tooLate(`Operation ${operation.id} does not wait for an approval`);
  return waiting;
}

const stale = (given: string, current: string): PrismError =>
  new PrismError("APPROVAL_STALE", "The plan is no longer the one that would be built", {
    details: {
      field: "plan_hash",
      given,
      plan_hash: current,
      recommendation: "Look at the plan that waits now, and approve its hash",
    },
  });
