import { PrismError } from "../errors.ts";
import type { Command } from "./commands.ts";
import type { NamespaceEvent } from "./events.ts";
import type { Namespace } from "./namespace.ts";
import type { Operation } from "./operation.ts";
import { assertUnderWay, hasEnded, tooLate } from "./refusals.ts";

/** The operation that somebody names; one that has ended can be told nothing any more. */
export function operationNamed({ operation: id }: { operation: string }, namespace: Namespace): Operation {
  const { operation, begun } = namespace;
  if (operation?.id === id) return operation;
  if (begun.has(id)) throw hasEnded(id);
  throw new PrismError("NOT_FOUND", `Operation '${id}' does not exist`, { details: { field: "id" } });
}

/** Once an operation has ended, its late attempts are nobody's concern. */
export function reportFailure(
  { step, attempt, error, willRetry }: Command<"ReportStepFailure">,
  { ended }: Operation,
): readonly NamespaceEvent[] {
  if (ended) return [];
  return [{ type: "StepFailed", data: { step, attempt, error, will_retry: willRetry } }];
}

/** A step's budget is used up: it waits for a person, the namespace stays what it is. */
export function park(
  { step, error }: Command<"ParkOperation">,
  operation: Operation,
): readonly NamespaceEvent[] {
  if (operation.parkedAt !== undefined) return [];
  assertUnderWay(operation);
  return [{ type: "OperationParked", data: { step, error } }];
}

/** Quiet where it does not wait: somebody else has said so already. */
export function retry(command: Command<"RetryOperation">, namespace: Namespace): readonly NamespaceEvent[] {
  const operation = operationNamed(command, namespace);
  const { parkedAt: step } = operation;
  assertUnderWay(operation);
  return step === undefined ? [] : [{ type: "OperationRetried", data: { step, by: command.by } }];
}

export function abandon(
  command: Command<"AbandonOperation">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  const operation = operationNamed(command, namespace);
  const { id, undoing, pivoted, parkedAt: step, error } = operation;
  if (undoing === "failed") return [];
  if (pivoted) throw onlyForward(operation);
  assertUnderWay(operation);
  if (step === undefined || error === null) {
    throw new PrismError("OPERATION_IN_PROGRESS", `Operation ${id} is not parked`, {
      details: { operation: id, recommendation: "Cancel it instead" },
    });
  }
  return [{ type: "OperationAbandoned", data: { step, error, by: command.by } }];
}

/** Quiet where it is being undone already, for whatever reason. */
export function cancel(command: Command<"CancelOperation">, namespace: Namespace): readonly NamespaceEvent[] {
  const operation = operationNamed(command, namespace);
  const { id, undoing, pivoted, ended, state } = operation;
  if (pivoted) throw onlyForward(operation);
  if (ended && state !== "cancelled") throw hasEnded(id);
  if (undoing !== null) return [];
  return [{ type: "OperationCancelled", data: { by: command.by } }];
}

const onlyForward = ({ id, kind, ended }: Operation): PrismError =>
  ended ? hasEnded(id) : tooLate(`Operation ${id} only goes forward from here: the ${kind} has taken effect`);
