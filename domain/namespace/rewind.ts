import { PrismError } from "../errors.ts";
import type { Plan } from "../plan.ts";
import type { Command } from "./commands.ts";
import type { NamespaceEvent } from "./events.ts";
import { isLive, type Namespace, openOperation, teamsOf } from "./namespace.ts";
import { inProgress, notThere } from "./refusals.ts";

/**
 * Begins a rewind of the namespace's relay.
 *
 * Errors: `NOT_FOUND`, `OPERATION_IN_PROGRESS`, `INVALID_CONFIGURATION` where there is no log to send again from.
 */
export function requestRewind(
  { operation, workflow }: Command<"RequestRewind">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  if (namespace.begun.has(operation)) return [];
  const open = openOperation(namespace);
  if (open !== undefined) throw inProgress(open);
  const { request, plan, status } = namespace;
  if (request === undefined || !isLive(namespace)) {
    throw notThere(`Namespace '${request?.namespace ?? ""}' is ${status}: there is nothing to send again`);
  }
  if (plan === undefined || logTableOf(plan) === undefined) throw withoutLog(request.namespace);
  const { namespace: name } = request;
  return [
    { type: "RewindRequested", data: { namespace: name, operation, workflow, teams: teamsOf(request) } },
  ];
}

/** The table that a relay reads; `undefined`: messages go to the backend at once. */
export function logTableOf({ resources }: Plan): string | undefined {
  const named = (kind: string) => resources.find((resource) => resource.kind === kind)?.name;
  return named("wal-table") ?? named("replay-table");
}

const withoutLog = (name: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `'${name}' keeps no log that could be sent again`, {
    details: {
      field: "namespace",
      recommendation: "Only a namespace with durability strong or with replay keeps one",
    },
  });
