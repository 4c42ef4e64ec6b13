import { PrismError, unreachable } from "../errors.ts";
import type { Step } from "./commands.ts";
import { activate, selectPlan } from "./create.ts";
import { completeDeletion, drain, stopTraffic, unregister, whenDrained, whenStopped } from "./delete.ts";
import type { NamespaceEvent } from "./events.ts";
import { closeSource, completeMove, drainSource, moveNamespace, openTarget } from "./move.ts";
import type { Namespace } from "./namespace.ts";
import type { Operation } from "./operation.ts";
import type { OperationKind } from "./progress.ts";
import { assertMayGoOn, notReady } from "./refusals.ts";
import { applyUpdate, confirmGroups, growPartitions } from "./update.ts";

/** Which step of which operations a command takes. */
const taken: Readonly<Record<Step["type"], { step: string; of: readonly OperationKind[] }>> = {
  SelectPlan: { step: "select", of: ["create", "update"] },
  AssignShard: { step: "assign-shard", of: ["create"] },
  ConfigurePatterns: { step: "configure-patterns", of: ["create", "update"] },
  ConfigureAccess: { step: "configure-access", of: ["create"] },
  RegisterProxies: { step: "register", of: ["create", "update", "move"] },
  ConfirmProbe: { step: "probe", of: ["create", "move"] },
  ActivateNamespace: { step: "activate", of: ["create"] },
  HoldRelay: { step: "hold-relay", of: ["update"] },
  ConfirmGroups: { step: "drain-groups", of: ["update"] },
  ApplyUpdate: { step: "apply", of: ["update"] },
  GrowPartitions: { step: "grow-relay", of: ["update"] },
  StopTraffic: { step: "stop-traffic", of: ["delete"] },
  CompleteDrain: { step: "drain", of: ["delete"] },
  StopProviders: { step: "stop-providers", of: ["delete"] },
  ArchiveAudit: { step: "archive", of: ["delete"] },
  UnregisterProxies: { step: "unregister", of: ["delete"] },
  CompleteDeletion: { step: "delete", of: ["delete"] },
  CompleteRepair: { step: "repair", of: ["reconcile"] },
  CompleteRewind: { step: "rewind", of: ["rewind"] },
  OpenTarget: { step: "open-target", of: ["move"] },
  MoveNamespace: { step: "move", of: ["move"] },
  CloseSource: { step: "close-source", of: ["move"] },
  DrainSource: { step: "drain-source", of: ["move"] },
  CompleteMove: { step: "complete", of: ["move"] },
};

/** A step is taken once: its repeat is quiet, also when the operation has gone on or ended. */
export function takeStep(
  command: Step,
  namespace: Namespace,
  operation: Operation,
): readonly NamespaceEvent[] {
  const { step, of } = taken[command.type];
  if (operation.done.has(step)) return [];
  if (!of.includes(operation.kind)) {
    throw new PrismError("INTERNAL", `${command.type} is no step of a ${operation.kind}`);
  }
  assertMayGoOn(operation);
  return [eventOf(command, namespace, operation)];
}

function eventOf(command: Step, namespace: Namespace, operation: Operation): NamespaceEvent {
  switch (command.type) {
    case "SelectPlan":
      return selectPlan(command.selection, namespace, operation);
    case "AssignShard":
      return { type: "ShardAssigned", data: { shard: command.shard } };
    case "ConfigurePatterns":
      return { type: "PatternsConfigured", data: { patterns: command.patterns } };
    case "ConfigureAccess":
      return { type: "AccessConfigured", data: { access: command.access } };
    case "RegisterProxies":
      return register(command, operation);
    case "ConfirmProbe": {
      const { proxy, messageId, tookMs } = command;
      return { type: "ProbeSucceeded", data: { proxy, message_id: messageId, took_ms: tookMs } };
    }
    case "ActivateNamespace":
      return activate(namespace, operation);
    case "HoldRelay":
      return { type: "RelayHeld", data: { topic: command.topic, position: command.position } };
    case "ConfirmGroups":
      return confirmGroups(command, operation);
    case "ApplyUpdate":
      return applyUpdate(namespace, operation);
    case "GrowPartitions":
      return growPartitions(command, operation);
    case "StopTraffic":
      return stopTraffic(command);
    case "CompleteDrain":
      return drain(command, namespace, operation);
    case "StopProviders":
      return whenDrained(command, operation);
    case "ArchiveAudit":
      return whenStopped(command, operation);
    case "UnregisterProxies":
      return unregister(namespace, operation);
    case "CompleteDeletion":
      return completeDeletion(command, namespace, operation);
    case "CompleteRepair":
      return { type: "DriftRepaired", data: { resources: command.resources } };
    case "CompleteRewind":
      return { type: "RelayRewound", data: { messages: command.messages, from: command.from ?? null } };
    case "OpenTarget":
      return openTarget(namespace, operation);
    case "MoveNamespace":
      return moveNamespace(command, namespace, operation);
    case "CloseSource":
      return closeSource(namespace, operation);
    case "DrainSource":
      return drainSource(command, namespace, operation);
    case "CompleteMove":
      return completeMove(namespace, operation);
    default:
      return unreachable(command);
  }
}

function register(
  { directoryVersion, proxies, endpoints }: Extract<Step, { type: "RegisterProxies" }>,
  { kind, done }: Operation,
): NamespaceEvent {
  if (kind === "update" && !done.has("apply")) throw notReady("cannot register: the update is not applied");
  if (kind === "move" && !done.has("open-target"))
    throw notReady("cannot register: the shard is not told of it");
  if (proxies.length === 0) throw notReady("no live proxy has acknowledged it");
  const where = endpoints === undefined ? {} : { endpoints };
  return { type: "ProxiesRegistered", data: { directory_version: directoryVersion, proxies, ...where } };
}
