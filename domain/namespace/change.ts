import { PrismError } from "../errors.ts";
import { canonicalJson, type Json, type JsonObject } from "../json.ts";
import type { Plan, Resource } from "../plan.ts";
import type { Approval } from "../request/boundary.ts";
import type { NamespaceRequest } from "../request/request.ts";
import type { Namespace } from "./namespace.ts";
import type { Operation } from "./operation.ts";
import { resourceKey, same } from "./resources.ts";
import type { FieldChange } from "./update-events.ts";

/** Field by field what is asked for that is not so already; lists are one field. */
export function changesBetween(before: NamespaceRequest, after: NamespaceRequest): readonly FieldChange[] {
  const [old, wanted] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...old.keys(), ...wanted.keys()])].flatMap((field) => {
    const [from, to] = [old.get(field) ?? null, wanted.get(field) ?? null];
    return canonicalJson(from) === canonicalJson(to) ? [] : [{ field, from, to }];
  });
}

/** Who may use a namespace changes no plan: such an update is only a new version of the directory. */
export const replans = (changes: readonly FieldChange[]): boolean =>
  changes.some(({ field }) => !field.startsWith("access."));

/** What an approval is needed for: in an update only what it changes. */
export function crossed(
  approval: readonly Approval[],
  { request }: Pick<Namespace, "request">,
  operation: Pick<Operation, "request">,
): readonly Approval[] {
  if (operation.request === undefined || request === undefined) return approval;
  const changed = new Set(changesBetween(request, operation.request).map(({ field }) => field));
  return approval.filter(({ field }) => changed.has(field));
}

/** What leads from one plan to another, for a preview to show and an update to do. */
export type PlanChange = {
  readonly added: readonly Resource[];
  /** As they are to be. */
  readonly changed: readonly Resource[];
  /** Topics that get more partitions; where order is promised, that is a barrier. */
  readonly grown: readonly Resource[];
  /** What cannot be changed in place, but would have to be moved; empty: nothing has to. */
  readonly moves: readonly Move[];
};

export type Move = { readonly what: string; readonly from: Json; readonly to: Json };

export function planChange(before: Plan, after: Plan): PlanChange {
  const old = new Map(before.resources.map((resource) => [resourceKey(resource), resource]));
  const kept = after.resources.flatMap((resource) => {
    const was = old.get(resourceKey(resource));
    return was === undefined || same(was, resource) ? [] : [{ was, resource }];
  });
  return {
    added: after.resources.filter((resource) => !old.has(resourceKey(resource))),
    changed: kept.map(({ resource }) => resource),
    grown: kept.filter(({ was, resource }) => partitions(resource) > partitions(was)).map((k) => k.resource),
    moves: [...movedPlan(before, after), ...kept.flatMap(({ was, resource }) => movedWithin(was, resource))],
  };
}

/** A pattern, a backend or a resource changes its place, or partitions would shrink: not built yet, and never in place. */
export function refuseMigration(before: Plan, after: Plan): void {
  const { moves } = planChange(before, after);
  const [first] = moves;
  if (first === undefined) return;
  const names = moves.map(({ what }) => what).join(", ");
  throw new PrismError(
    "MIGRATION_REQUIRED",
    `The change would have to move what the namespace holds: ${names}`,
    {
      details: {
        field: first.what,
        moves: moves as readonly JsonObject[],
        recommendation: "Keep within what the namespace is built on, or create a new one and move to it",
      },
    },
  );
}

function movedPlan(before: Plan, after: Plan): readonly Move[] {
  const chain = ({ patterns }: Plan) => patterns.map(({ type, version }) => `${type}/${version}`);
  const there = new Set(after.resources.map(resourceKey));
  const gone = before.resources.filter((resource) => !there.has(resourceKey(resource)));
  return [
    ...moved("backend", before.backend.type, after.backend.type),
    ...moved("patterns", chain(before), chain(after)),
    ...gone.map((resource) => ({ what: resourceKey(resource), from: resource.config, to: null })),
  ];
}

/** Where a resource lies: a backend sets these when it makes it, and never again. */
const places = ["replication", "replicas", "database", "schema", "bucket", "prefix", "subject"] as const;

function movedWithin(was: Resource, is: Resource): readonly Move[] {
  const name = resourceKey(is);
  const shrinks = partitions(is) < partitions(was);
  return [
    ...(shrinks ? [{ what: `${name} partitions`, from: partitions(was), to: partitions(is) }] : []),
    ...places.flatMap((place) =>
      moved(`${name} ${place}`, was.config[place] ?? null, is.config[place] ?? null),
    ),
  ];
}

const moved = (what: string, from: Json, to: Json): readonly Move[] =>
  canonicalJson(from) === canonicalJson(to) ? [] : [{ what, from, to }];

/** 0 for what has none. */
export const partitions = ({ config }: Resource): number =>
  typeof config["partitions"] === "number" ? config["partitions"] : 0;

/** Dotted names of everything a request says; its claim of an approval is no part of what is configured. */
function fieldsOf({ approval: _, ...request }: NamespaceRequest): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>();
  const visit = (value: Json | undefined, path: string): void => {
    if (value === undefined) return;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      found.set(path, value);
      return;
    }
    for (const [name, member] of Object.entries(value)) visit(member, path === "" ? name : `${path}.${name}`);
  };
  visit(request, "");
  return found;
}
