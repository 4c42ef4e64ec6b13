import { PrismError, unreachable } from "../domain/errors.ts";
import { type Namespace, openOperation } from "../domain/namespace/namespace.ts";
import { begunBy, type OperationKind } from "../domain/namespace/progress.ts";
import { eventId } from "../eventstore/event-id.ts";
import type { Occasion } from "./occasion.ts";
import type { NamespaceHistory } from "./recorder.ts";

/** A workflow that a sweep wants started under a namespace's own id, unless another one has it. */
export type Job = {
  readonly type:
    | "repairNamespace"
    | "cleanupNamespace"
    | "createNamespace"
    | "updateNamespace"
    | "deleteNamespace"
    | "rewindRelay"
    | "moveNamespace";
  readonly kind: OperationKind;
  readonly team: string;
  readonly client_api: string;
  readonly occasion: Occasion;
  /** What its workflow is told beside whose work it does. */
  readonly input: object;
};

/** `by`: the sweep and who asked for it. The same sweep asks for the same operation, however often it is repeated. */
export function repairJob(
  namespace: string,
  state: Namespace,
  by: { operation: string; actor: string },
): Job {
  const operation = eventId({
    operation: by.operation,
    stream: namespace,
    step: "repair",
    round: 0,
    index: 0,
  });
  const occasion = { namespace, operation, actor: by.actor };
  return { ...aboutOf(state), type: "repairNamespace", kind: "reconcile", occasion, input: {} };
}

/** In the name of the operation that left something behind. */
export function cleanupJob(namespace: string, state: Namespace): Job {
  const operation = state.operation?.id ?? "";
  const occasion = { namespace, operation, actor: "prism" };
  return { ...aboutOf(state), type: "cleanupNamespace", kind: "reconcile", occasion, input: {} };
}

/** The operation goes on from what its stream says; every step of it is taken once. `undefined`: it has ended. */
export function resumeJob(namespace: string, { state, events }: NamespaceHistory): Job | undefined {
  const open = openOperation(state);
  const begun = events.findLast((event) => begunBy(event)?.operation === open?.id);
  if (open === undefined || begun === undefined) return undefined;
  // A round leaves at least one event: none that was taken has the number of all of them.
  const round = events.filter(({ metadata }) => metadata.operation === open.id).length;
  const asker = "asked_as" in begun.data ? ("platform" as const) : ("team" as const);
  const occasion = { namespace, operation: open.id, actor: begun.metadata.actor, asker, round };
  const job = { ...aboutOf(state), kind: open.kind, occasion };
  switch (open.kind) {
    case "create":
      return { ...job, type: "createNamespace", input: { request: state.request } };
    case "update":
      return { ...job, type: "updateNamespace", input: { request: open.request } };
    case "delete":
      return { ...job, type: "deleteNamespace", input: { confirm: namespace } };
    case "reconcile":
      return { ...job, type: "repairNamespace", input: {} };
    case "rewind":
      return { ...job, type: "rewindRelay", input: {} };
    case "move":
      return {
        ...job,
        type: "moveNamespace",
        input: { to: begun.type === "MoveRequested" ? begun.data.to : "" },
      };
    case "migrate":
      throw new PrismError("UNIMPLEMENTED", "this build does not migrate");
    default:
      return unreachable(open.kind);
  }
}

const aboutOf = ({ request }: Namespace) => ({
  team: request?.team ?? "",
  client_api: request?.client_api ?? "",
});
