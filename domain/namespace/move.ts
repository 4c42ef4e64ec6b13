import { PrismError } from "../errors.ts";
import type { Command } from "./commands.ts";
import type { NamespaceEvent } from "./events.ts";
import { isLive, type Namespace, nameOf, openOperation, teamsOf } from "./namespace.ts";
import type { Operation } from "./operation.ts";
import { hasEnded, inProgress, notReady, notThere, tooLate } from "./refusals.ts";

/**
 * Begins a move to another shard. Whether that takes it is asked before (`domain/shard/target.ts`).
 *
 * Errors: `NOT_FOUND`, `OPERATION_IN_PROGRESS`, `INVALID_CONFIGURATION` where it is there already,
 * `NAMESPACE_NOT_READY` where what an earlier move left behind may still serve it.
 */
export function requestMove(
  { operation, workflow, to }: Command<"RequestMove">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  if (namespace.begun.has(operation)) return [];
  const open = openOperation(namespace);
  if (open !== undefined) throw inProgress(open);
  const { request, shard: from, status, beside } = namespace;
  if (request === undefined || from === undefined || !isLive(namespace)) {
    throw notThere(`Namespace '${nameOf(namespace)}' is ${status}: there is nothing to move`);
  }
  if (from === to) throw thereAlready(request.namespace, to);
  if (beside !== undefined && beside !== to) {
    throw notReady(`proxies of '${beside}' may still serve '${request.namespace}': move it there first`);
  }
  const data = { namespace: request.namespace, operation, workflow, teams: teamsOf(request), from, to };
  return [{ type: "MoveRequested", data }];
}

/** A late attempt must not open what its undo has closed. */
export function openTarget({ beside }: Namespace, { id, targetClosed }: Operation): NamespaceEvent {
  if (targetClosed) throw tooLate(`Operation ${id} is being undone`);
  return { type: "TargetOpened", data: { shard: besideOf(beside) } };
}

/** The pivot; refused before a round trip through the new shard has been seen. */
export function moveNamespace(
  { endpoints }: Command<"MoveNamespace">,
  { shard, beside }: Namespace,
  { done }: Operation,
): NamespaceEvent {
  for (const step of ["register", "probe"]) {
    if (!done.has(step)) throw notReady(`cannot move: ${step} is not done`);
  }
  return { type: "NamespaceMoved", data: { from: shard ?? "", to: besideOf(beside), endpoints } };
}

export function closeSource({ beside }: Namespace, { pivoted }: Operation): NamespaceEvent {
  if (!pivoted) throw notReady("cannot close the old shard: the namespace is not moved");
  return { type: "SourceClosed", data: { shard: besideOf(beside) } };
}

export function drainSource(
  { directoryVersion, proxies, aborted }: Command<"DrainSource">,
  { beside }: Namespace,
  { done }: Operation,
): NamespaceEvent {
  if (!done.has("close-source")) throw notReady("cannot drain the old shard: it is not closed");
  const data = { shard: besideOf(beside), directory_version: directoryVersion, proxies, aborted };
  return { type: "SourceDrained", data };
}

export function completeMove(namespace: Namespace, { done }: Operation): NamespaceEvent {
  if (!done.has("drain-source")) throw notReady("cannot complete the move: the old shard is not drained");
  const { shard = "", beside } = namespace;
  return { type: "MoveCompleted", data: { namespace: nameOf(namespace), from: besideOf(beside), to: shard } };
}

/** The undo of `open-target`, also where that may have happened. */
export function closeTarget(
  { beside }: Namespace,
  { id, kind, pivoted, ended, targetClosed }: Operation,
): readonly NamespaceEvent[] {
  if (kind !== "move") throw new PrismError("INTERNAL", `CloseTarget is no step of a ${kind}`);
  if (ended) throw hasEnded(id);
  if (pivoted) throw tooLate(`Operation ${id} only goes forward from here`);
  return targetClosed ? [] : [{ type: "TargetClosed", data: { shard: besideOf(beside) } }];
}

function besideOf(shard: string | undefined): string {
  if (shard === undefined) throw new PrismError("INTERNAL", "no shard beside its own");
  return shard;
}

const thereAlready = (namespace: string, shard: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `'${namespace}' is on shard '${shard}' already`, {
    details: { field: "shard", recommendation: "Name another shard; GET /shards lists those there are" },
  });
