import { unreachable } from "../errors.ts";
import { canonicalJson } from "../json.ts";
import type { Plan, Resource } from "../plan.ts";
import type {
  ResourceIntended,
  ResourceProvisioned,
  ResourceRemovalIntended,
  ResourceRemoved,
} from "./resource-events.ts";

export type OwnedResource = {
  /** As it was last made; as it was first meant where it was not made yet. */
  readonly resource: Resource;
  readonly state: "intended" | "provisioned" | "removing" | "removed";
  /** The name was free when the intent was written: what is there now may be ours. */
  readonly sawAbsent: boolean;
  readonly identity: string | undefined;
  /** An open intent to change what is there: it may be as it was, or like this. */
  readonly changing: Resource | undefined;
};

export type Resources = ReadonlyMap<string, OwnedResource>;

/** One line that names a resource among those of its namespace. */
export const resourceKey = ({ backend, kind, name }: Omit<Resource, "config">): string =>
  `${backend} ${kind} ${name}`;

/** What the namespace may have of this resource in its backend; `undefined`: nothing. */
export function ownedOf(resources: Resources, resource: Resource): OwnedResource | undefined {
  const owned = resources.get(resourceKey(resource));
  return owned?.state === "removed" ? undefined : owned;
}

/** Everything that may still be in a backend. */
export const remaining = (resources: Resources): readonly string[] =>
  [...resources].filter(([, { state }]) => state !== "removed").map(([key]) => key);

/** Whether it is there, whole, and as this resource says. */
export function standsAs(owned: OwnedResource | undefined, resource: Resource): boolean {
  return owned?.state === "provisioned" && owned.changing === undefined && same(owned.resource, resource);
}

/** The plan's resources that are not there, or not as the plan says. */
export const notAsPlanned = (resources: Resources, plan: Plan): readonly string[] =>
  plan.resources
    .filter((resource) => !standsAs(ownedOf(resources, resource), resource))
    .map((resource) => resourceKey(resource));

export const isPlanned = (plan: Plan | undefined, resource: Resource): boolean =>
  plan?.resources.some((planned) => resourceKey(planned) === resourceKey(resource)) ?? false;

export const same = (a: Resource, b: Resource): boolean =>
  resourceKey(a) === resourceKey(b) && canonicalJson(a.config) === canonicalJson(b.config);

export type ResourceEvent =
  | ResourceIntended
  | ResourceProvisioned
  | ResourceRemovalIntended
  | ResourceRemoved;

export function evolveResources(resources: Resources, event: ResourceEvent): Resources {
  const { resource } = event.data;
  const key = resourceKey(resource);
  return new Map(resources).set(key, next(resources.get(key), event));
}

function next(before: OwnedResource | undefined, event: ResourceEvent): OwnedResource {
  const { resource } = event.data;
  switch (event.type) {
    case "ResourceIntended": {
      if (before?.state === "provisioned") {
        // What is there stays ours by its identity: only its configuration is about to change. What is gone has none.
        const gone = event.data.saw_absent ? { sawAbsent: true, identity: undefined } : {};
        return { ...before, ...gone, changing: resource };
      }
      const sawAbsent = event.data.saw_absent || (before?.state === "intended" && before.sawAbsent);
      return { resource, state: "intended", sawAbsent, identity: undefined, changing: undefined };
    }
    case "ResourceProvisioned": {
      const { identity } = event.data;
      return { resource, state: "provisioned", sawAbsent: true, identity, changing: undefined };
    }
    case "ResourceRemovalIntended":
      return { ...(before ?? unknown(resource)), state: "removing" };
    case "ResourceRemoved":
      return { ...unknown(resource), state: "removed" };
    default:
      return unreachable(event);
  }
}

const unknown = (resource: Resource) =>
  ({ resource, sawAbsent: false, identity: undefined, changing: undefined }) as const;
