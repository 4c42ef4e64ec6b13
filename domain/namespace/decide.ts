import { PrismError, unreachable } from "../errors.ts";
import type { Command, NamespaceCommand } from "./commands.ts";
import type { NamespaceEvent } from "./events.ts";
import { type Namespace, resourceKey } from "./namespace.ts";

/**
 * What follows from a command, given what has happened so far.
 *
 * No event means there is nothing left to do: repeating a command is always safe.
 */
export function decide(command: NamespaceCommand, namespace: Namespace): readonly NamespaceEvent[] {
  if (command.type === "RequestNamespace") return request(command, namespace);
  // A zombie attempt of an operation that has ended must not add to the next one's history.
  if (namespace.operation?.id !== command.operation) throw notItsOperation(command, namespace);
  switch (command.type) {
    case "SelectPlan":
      return selectPlan(command, namespace);
    case "AssignShard":
      return namespace.shard === undefined ? [{ type: "ShardAssigned", data: { shard: command.shard } }] : [];
    case "IntendResource":
      return intend(command, namespace);
    case "ConfirmResource":
      return confirm(command, namespace);
    case "ReportStepFailure":
      return reportFailure(command, namespace);
    case "ConfigurePatterns":
      return namespace.patternsConfigured
        ? []
        : [{ type: "PatternsConfigured", data: { patterns: command.patterns } }];
    case "ConfigureAccess":
      return namespace.accessConfigured
        ? []
        : [{ type: "AccessConfigured", data: { access: command.access } }];
    case "RegisterProxies":
      return register(command, namespace);
    case "ConfirmProbe":
      return confirmProbe(command, namespace);
    case "ActivateNamespace":
      return activate(namespace);
    case "ConfirmRemoval":
      return confirmRemoval(command, namespace);
    case "FailNamespace":
      return fail(command, namespace);
    default:
      return unreachable(command);
  }
}

/** Whether a new life of the name may begin: it never had one, or the last one left nothing behind. */
export const isFree = (namespace: Namespace): boolean =>
  namespace.status === "absent" ||
  namespace.status === "deleted" ||
  ((namespace.status === "failed" || namespace.status === "rejected") && namespace.blocked.length === 0);

function request(
  { request, operation, workflow }: Command<"RequestNamespace">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  // The same operation asking twice is a retry whose first answer got lost.
  if (namespace.operation?.id === operation) return [];
  if (!isFree(namespace)) throw nameTaken(request.namespace);
  return [
    { type: "NamespaceRequested", data: { namespace: request.namespace, request, operation, workflow } },
  ];
}

/** RFC-027's words. Who owns the name is not said: that it exists is no secret, whose it is may be. */
export const nameTaken = (name: string): PrismError =>
  new PrismError("NAMESPACE_EXISTS", `Namespace '${name}' already exists`, {
    details: {
      field: "namespace",
      recommendation: "Choose a different namespace name or contact existing owner",
    },
  });

function selectPlan({ selection }: Command<"SelectPlan">, namespace: Namespace): readonly NamespaceEvent[] {
  // The plan of an operation is chosen once: a repeat answers the first choice, whatever today's rules say.
  if (namespace.plan !== undefined) return [];
  const { plan, trace, hash, warnings } = selection;
  return [{ type: "PlanSelected", data: { plan, trace, hash, warnings } }];
}

function intend(
  { resource, sawAbsent }: Command<"IntendResource">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  const owned = namespace.resources.get(resourceKey(resource));
  if (owned !== undefined && owned.state !== "removed") return [];
  return [{ type: "ResourceIntended", data: { resource, saw_absent: sawAbsent } }];
}

function confirm(
  { resource, identity }: Command<"ConfirmResource">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  const owned = namespace.resources.get(resourceKey(resource));
  if (owned === undefined || owned.state === "removed") {
    throw new PrismError("INTERNAL", `${resourceKey(resource)} was provisioned without an intent`);
  }
  if (owned.state === "provisioned" && owned.identity === identity) return [];
  return [{ type: "ResourceProvisioned", data: { resource, identity } }];
}

function reportFailure(
  { step, attempt, error, willRetry }: Command<"ReportStepFailure">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  if (namespace.operation?.ended) return [];
  return [{ type: "StepFailed", data: { step, attempt, error, will_retry: willRetry } }];
}

function register(
  { directoryVersion, proxies }: Command<"RegisterProxies">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  if (namespace.registered) return [];
  if (proxies.length === 0) throw new PrismError("NAMESPACE_NOT_READY", "no live proxy has acknowledged it");
  return [{ type: "ProxiesRegistered", data: { directory_version: directoryVersion, proxies } }];
}

function confirmProbe(
  { proxy, messageId, tookMs }: Command<"ConfirmProbe">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  if (namespace.probed) return [];
  return [{ type: "ProbeSucceeded", data: { proxy, message_id: messageId, took_ms: tookMs } }];
}

function activate(namespace: Namespace): readonly NamespaceEvent[] {
  if (namespace.status === "active") return [];
  const missing = whatIsMissing(namespace);
  if (missing !== undefined) {
    throw new PrismError("NAMESPACE_NOT_READY", `cannot activate: ${missing}`);
  }
  return [{ type: "NamespaceActivated", data: { namespace: namespace.request?.namespace ?? "" } }];
}

/** `active` is a promise: nothing short of a served probe earns it. */
function whatIsMissing(namespace: Namespace): string | undefined {
  if (namespace.status !== "provisioning") return `it is ${namespace.status}`;
  if (namespace.plan === undefined) return "no plan was selected";
  for (const resource of namespace.plan.resources) {
    const key = resourceKey(resource);
    if (namespace.resources.get(key)?.state !== "provisioned") return `${key} is not provisioned`;
  }
  if (!namespace.accessConfigured) return "access is not configured";
  if (!namespace.registered) return "no proxy serves it";
  if (!namespace.probed) return "no probe came back";
  return undefined;
}

function confirmRemoval(
  { resource, removed }: Command<"ConfirmRemoval">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  const owned = namespace.resources.get(resourceKey(resource));
  if (owned === undefined || owned.state === "removed") return [];
  return [{ type: "ResourceRemoved", data: { resource, removed } }];
}

function fail({ error, blocked }: Command<"FailNamespace">, namespace: Namespace): readonly NamespaceEvent[] {
  if (namespace.status === "failed") return [];
  if (namespace.status !== "provisioning") {
    throw new PrismError("TOO_LATE", `cannot fail the create: the namespace is ${namespace.status}`);
  }
  const failed: NamespaceEvent = {
    type: "NamespaceFailed",
    data: { namespace: namespace.request?.namespace ?? "", error, cleanup_blocked: blocked.length > 0 },
  };
  return blocked.length === 0 ? [failed] : [{ type: "CleanupBlocked", data: { resources: blocked } }, failed];
}

const notItsOperation = (command: NamespaceCommand, namespace: Namespace): PrismError =>
  new PrismError(
    "OPERATION_IN_PROGRESS",
    `${command.type} of operation ${command.operation} came while ${namespace.operation?.id ?? "no operation"} has the namespace`,
  );
