import { PrismError, unreachable } from "../errors.ts";
import { canonicalJson } from "../json.ts";
import type { FieldDrift, Finding } from "../namespace/drift-events.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { resourceKey } from "../namespace/resources.ts";
import type { Resource } from "../plan.ts";
import { about, type FleetFinding } from "./finding.ts";

/** A resource of a plan as its backend shows it; the states of `backends/backend.ts`. */
export type Shown = {
  readonly state: "absent" | "ready" | "drifted" | "dead" | "foreign";
  readonly drift?: readonly FieldDrift[];
  readonly because?: string;
};

export type Looked = { readonly namespace: string; readonly resource: Resource; readonly shown: Shown };

/** What a look at one resource of a namespace in use says; at most one. */
export function drifted({ namespace, resource, shown }: Looked): readonly FleetFinding[] {
  const { backend, kind, name } = resource;
  const [found] = findingsIn([{ resource, shown }]);
  if (found === undefined || found.class === "stuck") return [];
  const { class: what, fields, because } = found;
  const remedy = what === "foreign" ? "none" : "repair";
  return [about({ class: what, backend, kind, name, namespace, fields, because, remedy })];
}

/** The same as the namespace's own history has it. */
function findingsIn(looked: readonly Omit<Looked, "namespace">[]): readonly Finding[] {
  return looked.flatMap(({ resource, shown }): readonly Finding[] => {
    const { state, drift = [], because = "" } = shown;
    const key = resourceKey(resource);
    switch (state) {
      case "ready":
        return [];
      case "absent":
        return [{ class: "missing", resource: key, fields: [], because: "it is not there" }];
      case "dead":
        return [{ class: "missing", resource: key, fields: [], because: `in its place, ${because}` }];
      case "drifted":
        return [{ class: "drifted", resource: key, fields: drift, because: differing(drift) }];
      case "foreign":
        return [{ class: "foreign", resource: key, fields: [], because }];
      default:
        return unreachable(state);
    }
  });
}

const differing = (drift: readonly FieldDrift[]): string =>
  `not as planned: ${drift.map(({ field }) => field).join(", ")}`;

/**
 * What is to be recorded of a namespace after a look: of what could not be looked at, what was known of it
 * stays. Nobody is told that all is well because a backend was away.
 */
export function findingsAfter(
  { drift, plan }: Namespace,
  looked: readonly Omit<Looked, "namespace">[],
): readonly Finding[] {
  const seen = new Set(looked.map(({ resource }) => resourceKey(resource)));
  const planned = new Set(plan?.resources.map(resourceKey));
  const kept = drift.filter(
    ({ resource }) => resource !== null && !seen.has(resource) && planned.has(resource),
  );
  return [...kept, ...findingsIn(looked)];
}

/** The resources of the plan that a repair ensures anew; what is foreign is none of ours to change. */
export const repairable = ({ plan }: Namespace, findings: readonly Finding[]): readonly Resource[] =>
  (plan?.resources ?? []).filter((resource) =>
    findings.some(
      (finding) =>
        finding.resource === resourceKey(resource) &&
        (finding.class === "missing" || finding.class === "drifted"),
    ),
  );

/**
 * A repair of the very same that was refused for good is not tried again by the clock, only when `asked`:
 * what nobody has mended since fails the same way.
 */
export function isWorthRepairing(
  { operation, drift }: Namespace,
  findings: readonly Finding[],
  asked: boolean,
): boolean {
  const failed = operation?.kind === "reconcile" && operation.state !== "succeeded";
  if (asked || !failed || canonicalJson(findings) !== canonicalJson(drift)) return true;
  return operation.error !== null && new PrismError(operation.error.code, "").advice === "wait";
}
