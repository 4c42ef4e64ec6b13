import { PrismError } from "../errors.ts";
import { lacksApproval, type Operation } from "./operation.ts";

/** RFC-027's words. Who owns the name is not said: that it exists is no secret, whose it is may be. */
export const nameTaken = (name: string): PrismError =>
  new PrismError("NAMESPACE_EXISTS", `Namespace '${name}' already exists`, {
    details: {
      field: "namespace",
      recommendation: "Choose a different namespace name or contact existing owner",
    },
  });

export const notThere = (what: string): PrismError =>
  new PrismError("NOT_FOUND", what, {
    details: { field: "namespace", recommendation: "Check the name; one that is gone can be created again" },
  });

export const inProgress = ({ id, kind }: Operation): PrismError =>
  new PrismError("OPERATION_IN_PROGRESS", `The namespace has a ${kind} under way`, {
    details: {
      field: "namespace",
      operation: id,
      recommendation: "Wait for the operation to end, or cancel it",
    },
  });

/** `expected`: what the caller has seen; undefined: whatever is there. */
export function assertVersion(expected: number | undefined, version: number): void {
  if (expected === undefined || expected === version) return;
  throw new PrismError("VERSION_CONFLICT", `The namespace is at version ${version}, not ${expected}`, {
    details: { field: "If-Match", version, recommendation: "Read it again and decide again" },
  });
}

/** A zombie attempt of an operation that has ended must not add to the next one's history. */
export const notItsOperation = (
  command: { type: string; operation: string },
  operation: Operation | undefined,
): PrismError =>
  new PrismError(
    "OPERATION_IN_PROGRESS",
    `${command.type} of operation ${command.operation} came while ${operation?.id ?? "no operation"} has the namespace`,
  );

export const tooLate = (why: string): PrismError =>
  new PrismError("TOO_LATE", why, {
    details: { recommendation: "Let it end; then undo it by a new operation" },
  });

export const hasEnded = (operation: string): PrismError => tooLate(`Operation ${operation} has ended`);

export const notReady = (why: string): PrismError => new PrismError("NAMESPACE_NOT_READY", why);

/** Neither ended nor decided to be undone. */
export function assertUnderWay({ id, ended, undoing, error }: Operation): void {
  if (ended) throw hasEnded(id);
  if (undoing !== null) throw tooLate(`Operation ${id} is being undone: ${error?.message}`);
}

/** What every step forward needs: also the approval of what was selected. */
export function assertMayGoOn(operation: Operation): void {
  assertUnderWay(operation);
  if (!lacksApproval(operation)) return;
  const [first] = operation.approval.fields;
  throw new PrismError("APPROVAL_REQUIRED", `The plan needs approval: ${first?.because}`, {
    details: {
      field: first?.field,
      plan_hash: operation.selected?.hash,
      recommendation: "Have a platform member approve the operation",
    },
  });
}
