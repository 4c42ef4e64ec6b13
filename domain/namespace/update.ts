import { invalid, refusal } from "../request/violation.ts";
import { changesBetween, replans } from "./change.ts";
import type { Command } from "./commands.ts";
import { askedAs } from "./create.ts";
import type { NamespaceEvent } from "./events.ts";
import { isLive, type Namespace, openOperation } from "./namespace.ts";
import type { Operation } from "./operation.ts";
import { assertVersion, inProgress, notReady, notThere } from "./refusals.ts";
import { notAsPlanned } from "./resources.ts";
import type { FieldChange } from "./update-events.ts";

/**
 * Begins an update. Quiet, and nothing begins, where all is as asked already.
 *
 * Errors: `NOT_FOUND`, `OPERATION_IN_PROGRESS`, `VERSION_CONFLICT`, and
 * `INVALID_CONFIGURATION` where what a namespace is would become another.
 */
export function requestUpdate(
  { operation, request, workflow, asker, ifVersion }: Command<"RequestUpdate">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  if (namespace.begun.has(operation)) return [];
  const open = openOperation(namespace);
  if (open !== undefined) throw inProgress(open);
  const { request: current, version } = namespace;
  if (current === undefined || !isLive(namespace)) {
    throw notThere(`Namespace '${request.namespace}' is ${namespace.status}: there is nothing to update`);
  }
  assertVersion(ifVersion, version);
  const changes = changesBetween(current, request);
  refuseAnother(changes);
  if (changes.length === 0) return [];
  return [
    {
      type: "UpdateRequested",
      data: { namespace: current.namespace, operation, workflow, request, changes, ...askedAs(asker) },
    },
  ];
}

const fixed = ["namespace", "team", "client_api"];

function refuseAnother(changes: readonly FieldChange[]): void {
  const violations = changes
    .filter(({ field }) => fixed.includes(field))
    .map(({ field, from }) =>
      invalid(field, `'${field}' cannot be changed`, { recommendation: `Leave it at '${from}'` }),
    );
  if (violations.length > 0) throw refusal(violations);
}

export function applyUpdate(namespace: Namespace, operation: Operation): NamespaceEvent {
  const missing = whatIsMissing(namespace, operation);
  if (missing !== undefined) throw notReady(`cannot apply the update: ${missing}`);
  return { type: "UpdateApplied", data: { version: namespace.version + 1 } };
}

/** Groups are done with what lies before a barrier, so it has to stand. */
export function confirmGroups(
  { topic, groups }: Command<"ConfirmGroups">,
  { done }: Operation,
): NamespaceEvent {
  if (!done.has("hold-relay")) throw notReady(`cannot wait for the groups of ${topic}: its relay goes on`);
  return { type: "GroupsDrained", data: { topic, groups } };
}

/** Before its version is in force nothing may go where the old one does not look for it. */
export function growPartitions({ growth }: Command<"GrowPartitions">, { done }: Operation): NamespaceEvent {
  const { topic, before, partitions } = growth;
  if (!done.has("apply")) throw notReady(`cannot relay to more of ${topic}: the update is not applied`);
  return { type: "PartitionsGrown", data: { topic, from: before, to: partitions } };
}

/** A version is in force only once all that it promises is there. */
function whatIsMissing({ request, resources }: Namespace, operation: Operation): string | undefined {
  const asked = operation.request;
  if (request === undefined || asked === undefined) return "nothing was asked for";
  if (operation.selected !== undefined) {
    const [absent] = notAsPlanned(resources, operation.selected.plan);
    return absent === undefined ? undefined : `${absent} is not as planned`;
  }
  return replans(changesBetween(request, asked)) ? "no plan was selected" : undefined;
}
