import { unreachable } from "../errors.ts";
import { expireApproval, grantApproval, rejectApproval, renewPlan, requestApproval } from "./approval.ts";
import type { BeginCommand, Intervention, NamespaceCommand, Observation } from "./commands.ts";
import { requestNamespace } from "./create.ts";
import { reportData } from "./data-alarm.ts";
import { requestDeletion } from "./delete.ts";
import { degrade, detectDrift, quarantine, recover } from "./drift.ts";
import type { NamespaceEvent } from "./events.ts";
import { fail } from "./fail.ts";
import { abandon, cancel, park, reportFailure, retry } from "./intervene.ts";
import { closeTarget, requestMove } from "./move.ts";
import type { Namespace } from "./namespace.ts";
import {
  completeCleanup,
  confirmRemoval,
  confirmResource,
  intendRemoval,
  intendResource,
  reportBlocked,
} from "./provision.ts";
import { notItsOperation } from "./refusals.ts";
import { requestRewind } from "./rewind.ts";
import { takeStep } from "./step.ts";
import { requestUpdate } from "./update.ts";

/**
 * What follows from a command, given what has happened so far.
 *
 * No event means there is nothing left to do: repeating a command is always safe.
 */
export function decide(command: NamespaceCommand, namespace: Namespace): readonly NamespaceEvent[] {
  switch (command.type) {
    case "RequestNamespace":
      return requestNamespace(command, namespace);
    case "RequestUpdate":
      return requestUpdate(command, namespace);
    case "RequestDeletion":
      return requestDeletion(command, namespace);
    case "RequestRewind":
      return requestRewind(command, namespace);
    case "RequestMove":
      return requestMove(command, namespace);
    case "DetectDrift":
      return detectDrift(command, namespace);
    case "DegradeNamespace":
      return degrade(command, namespace);
    case "RecoverNamespace":
      return recover(namespace);
    case "QuarantineOrphan":
      return quarantine(command, namespace);
    case "ReportData":
      return reportData(command, namespace);
    case "GrantApproval":
      return grantApproval(command, namespace);
    case "RejectApproval":
      return rejectApproval(command, namespace);
    case "RetryOperation":
      return retry(command, namespace);
    case "AbandonOperation":
      return abandon(command, namespace);
    case "CancelOperation":
      return cancel(command, namespace);
    default:
      return decideOwn(command, namespace);
  }
}

type OwnCommand = Exclude<NamespaceCommand, BeginCommand | Observation | Intervention>;

/** What only the operation that has the namespace may ask. */
function decideOwn(command: OwnCommand, namespace: Namespace): readonly NamespaceEvent[] {
  const { operation } = namespace;
  if (operation?.id !== command.operation) throw notItsOperation(command, operation);
  switch (command.type) {
    case "RequestApproval":
      return requestApproval(command, operation);
    case "RenewPlan":
      return renewPlan(command, namespace, operation);
    case "ExpireApproval":
      return expireApproval(command, operation);
    case "IntendResource":
      return intendResource(command, namespace, operation);
    case "ConfirmResource":
      return confirmResource(command, namespace, operation);
    case "IntendRemoval":
      return intendRemoval(command, namespace, operation);
    case "ConfirmRemoval":
      return confirmRemoval(command, namespace, operation);
    case "ReportBlockedCleanup":
      return reportBlocked(command, namespace, operation);
    case "CompleteCleanup":
      return completeCleanup(namespace, operation);
    case "ReportStepFailure":
      return reportFailure(command, operation);
    case "ParkOperation":
      return park(command, operation);
    case "CloseTarget":
      return closeTarget(namespace, operation);
    case "FailNamespace":
    case "FailUpdate":
    case "FailDeletion":
    case "FailRepair":
    case "FailRewind":
    case "FailMove":
      return fail(command, namespace, operation);
    case "SelectPlan":
    case "AssignShard":
    case "ConfigurePatterns":
    case "ConfigureAccess":
    case "RegisterProxies":
    case "ConfirmProbe":
    case "ActivateNamespace":
    case "HoldRelay":
    case "ConfirmGroups":
    case "ApplyUpdate":
    case "GrowPartitions":
    case "StopTraffic":
    case "CompleteDrain":
    case "StopProviders":
    case "ArchiveAudit":
    case "UnregisterProxies":
    case "CompleteDeletion":
    case "CompleteRepair":
    case "CompleteRewind":
    case "OpenTarget":
    case "MoveNamespace":
    case "CloseSource":
    case "DrainSource":
    case "CompleteMove":
      return takeStep(command, namespace, operation);
    default:
      return unreachable(command);
  }
}
