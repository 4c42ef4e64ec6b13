import { PrismError } from "../../../domain/errors.ts";
import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import { decide } from "../../../domain/namespace/decide.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import {
  absent,
  isFree,
  isLive,
  type Namespace,
  openOperation,
} from "../../../domain/namespace/namespace.ts";
import { lacksApproval, type Operation } from "../../../domain/namespace/operation.ts";
import type { OperationKind } from "../../../domain/namespace/progress.ts";
import { leftBehind } from "../../../domain/namespace/provision.ts";
import { notAsPlanned, remaining, resourceKey } from "../../../domain/namespace/resources.ts";
import type { Resource } from "../../../domain/plan.ts";
import * as a from "./examples.ts";
import * as l from "./lives.ts";

/** A namespace, what there really is of it in the backends, and all that happened. */
export type World = {
  namespace: Namespace;
  readonly there: Set<string>;
  readonly log: NamespaceEvent[];
  operations: number;
};

export const emptyWorld = (): World => ({ namespace: absent, there: new Set(), log: [], operations: 0 });

/** `false`: refused. */
export function tell(world: World, command: NamespaceCommand): boolean {
  try {
    for (const event of decide(command, world.namespace)) {
      world.namespace = evolve(world.namespace, event);
      world.log.push(event);
    }
    return true;
  } catch (error) {
    if (error instanceof PrismError) return false;
    throw error;
  }
}

/** Which way to go where there are several, and where the attempt is killed: before, within, after its effect, or not. */
export type Turn = { readonly pick: number; readonly crash: 0 | 1 | 2 | 3 };

/** What a workflow would do next: one step of the operation under way, or the beginning of another one. */
export function advance(world: World, turn: Turn): void {
  const operation = openOperation(world.namespace);
  if (operation === undefined) begin(world, turn);
  else if (operation.parkedAt !== undefined) decideParked(world, operation, turn);
  else if (operation.undoing !== null) undo(world, operation, turn);
  else forward(world, operation, turn);
}

function begin(world: World, turn: Turn): void {
  const { namespace } = world;
  const id = `op-${++world.operations}`;
  const live: readonly NamespaceCommand[] = [
    { type: "RequestUpdate", operation: id, request: l.largerRequest, workflow: a.workflow },
    { type: "RequestUpdate", operation: id, request: l.readersRequest, workflow: a.workflow },
    { type: "DetectDrift", operation: id, findings: [l.finding], repair: a.workflow },
    { type: "RequestRewind", operation: id, workflow: a.workflow },
    {
      type: "RequestMove",
      operation: id,
      workflow: a.workflow,
      to: namespace.shard === "shard-1" ? "shard-2" : "shard-1",
    },
  ];
  const remove: NamespaceCommand = {
    type: "RequestDeletion",
    operation: id,
    workflow: a.workflow,
    confirm: "orders",
  };
  if (isLive(namespace)) tell(world, live[turn.pick % 6] ?? remove);
  else if (isFree(namespace)) tell(world, { ...a.requestIt, operation: id });
  else if (turn.pick % 4 === 0) tell(world, remove);
  else clean(world, turn);
}

function clean(world: World, turn: Turn): void {
  const operation = world.namespace.operation?.id ?? "";
  const [left] = leftBehind(world.namespace);
  if (left === undefined) tell(world, { type: "CompleteCleanup", operation });
  else remove(world, operation, left, turn);
}

function decideParked(world: World, { id: operation }: Operation, { pick }: Turn): void {
  const by = l.alice;
  if (pick % 2 === 0) tell(world, { type: "RetryOperation", operation, by });
  else tell(world, { type: "AbandonOperation", operation, by });
}

function undo(world: World, { id, kind }: Operation, turn: Turn): void {
  const { namespace } = world;
  const [left] = leftBehind(namespace);
  const gaveUp = turn.pick % 5 === 0;
  const inForce = namespace.plan?.resources ?? [];
  const changed = kind === "update" ? inForce.find((one) => isNotAsPlanned(namespace, one)) : undefined;
  if (changed !== undefined && !gaveUp) ensure(world, id, changed, turn);
  else if (left !== undefined && !gaveUp && kind !== "delete") remove(world, id, left, turn);
  else tell(world, { ...failing[kind], operation: id } as NamespaceCommand);
}

const failing = {
  create: { type: "FailNamespace", error: a.outage, blocked: [] },
  update: { type: "FailUpdate", error: a.outage, blocked: [] },
  delete: { type: "FailDeletion", error: a.outage, blocked: [] },
  reconcile: { type: "FailRepair", error: a.outage },
  rewind: { type: "FailRewind", error: a.outage },
  move: { type: "FailMove", error: a.outage, blocked: [] },
  migrate: { type: "FailUpdate", error: a.outage, blocked: [] },
} as const;

const isNotAsPlanned = ({ resources, plan }: Namespace, resource: Resource): boolean =>
  plan !== undefined && notAsPlanned(resources, plan).includes(resourceKey(resource));

/** Intent, effect, outcome: what one activity does, and where it may be cut off. */
function ensure(world: World, operation: string, resource: Resource, { crash }: Turn): void {
  if (!tell(world, { type: "IntendResource", operation, resource, sawAbsent: true }) || crash === 1) return;
  world.there.add(resourceKey(resource));
  if (crash === 2) return;
  tell(world, { type: "ConfirmResource", operation, resource, identity: "id-1" });
}

function remove(world: World, operation: string, key: string, { crash }: Turn): void {
  const resource = world.namespace.resources.get(key)?.resource;
  if (resource === undefined) return;
  if (!tell(world, { type: "IntendRemoval", operation, resource }) || crash === 1) return;
  world.there.delete(key);
  if (crash === 2) return;
  tell(world, { type: "ConfirmRemoval", operation, resource, removed: true });
}

/** The first step that is not done yet. */
function forward(world: World, operation: Operation, turn: Turn): void {
  const { id, kind, done } = operation;
  const { resources } = world.namespace;
  const plan = kind === "reconcile" ? world.namespace.plan : operation.selected?.plan;
  const missing = plan?.resources.find((one) => notAsPlanned(resources, plan).includes(resourceKey(one)));
  const left = kind === "delete" && done.has("archive") ? remaining(resources)[0] : undefined;
  const asks = turn.pick % 4 === 0;
  if (lacksApproval(operation)) tell(world, untilApproved(operation, asks));
  else if (missing !== undefined) ensure(world, id, missing, turn);
  else if (left !== undefined) remove(world, id, left, turn);
  else {
    const next = script(kind, asks).find(([step]) => !done.has(step))?.[1];
    tell(world, { ...(next ?? failing[kind]), operation: id } as NamespaceCommand);
  }
}

function untilApproved({ id, approval, selected }: Operation, expires: boolean): NamespaceCommand {
  const operation = id;
  const hash = selected?.hash ?? "";
  if (approval.waiting === undefined)
    return { type: "RequestApproval", operation, requestedBy: l.alice, expiresAt: l.due };
  if (expires) return { type: "ExpireApproval", operation, at: l.due };
  const at = "2026-01-01T00:00:00.000Z";
  return { type: "GrantApproval", operation, by: l.root, planHash: hash, today: hash, at };
}

const everyone = { directoryVersion: "20", proxies: ["proxy-1"] };
type Script = readonly (readonly [string, object])[];

/** The steps by name, but those on resources and patterns. */
function script(kind: OperationKind, asks: boolean): Script {
  switch (kind) {
    case "create":
      return [
        ["select", { type: "SelectPlan", selection: asks ? l.askingSelection : a.selection }],
        ["assign-shard", { type: "AssignShard", shard: "shard-1" }],
        ["configure-access", { type: "ConfigureAccess", access: a.request.access }],
        ["register", { type: "RegisterProxies", ...everyone }],
        ["probe", { type: "ConfirmProbe", proxy: "proxy-1", messageId: "m", tookMs: 1 }],
        ["activate", { type: "ActivateNamespace" }],
      ];
    case "update":
      return [
        ["select", { type: "SelectPlan", selection: l.largerSelection }],
        ["hold-relay", { type: "HoldRelay", topic: "orders-queue", position: "17" }],
        ["drain-groups", { type: "ConfirmGroups", topic: "orders-queue", groups: [] }],
        ["apply", { type: "ApplyUpdate" }],
        ["grow-relay", { type: "GrowPartitions", growth: l.growth }],
        ["register", { type: "RegisterProxies", ...everyone }],
      ];
    case "delete":
      return [
        ["stop-traffic", { type: "StopTraffic", ...everyone }],
        ["drain", { type: "CompleteDrain", drained: 1, aborted: 0 }],
        ["stop-providers", { type: "StopProviders", ...everyone }],
        ["archive", { type: "ArchiveAudit", bucket: "b", key: "k", digest: "d", revision: "1" }],
        ["unregister", { type: "UnregisterProxies" }],
        ["delete", { type: "CompleteDeletion", ...everyone }],
      ];
    case "move":
      return [
        ["open-target", { type: "OpenTarget" }],
        ["register", { type: "RegisterProxies", ...everyone }],
        ["probe", { type: "ConfirmProbe", proxy: "proxy-2", messageId: "m", tookMs: 1 }],
        ["move", { type: "MoveNamespace", endpoints: [] }],
        ["close-source", { type: "CloseSource" }],
        ["drain-source", { type: "DrainSource", ...everyone, aborted: 0 }],
        ["complete", { type: "CompleteMove" }],
      ];
    case "rewind":
      return [["rewind", { type: "CompleteRewind", messages: 7, from: "12" }]];
    default:
      return [["repair", { type: "CompleteRepair", resources: [] }]];
  }
}
