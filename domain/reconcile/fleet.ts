import { isLive, type Namespace, openOperation } from "../namespace/namespace.ts";
import { remaining, resourceKey } from "../namespace/resources.ts";
import type { Resource } from "../plan.ts";
import type { Team } from "../team/team.ts";
import type { Life, Thing } from "./thing.ts";

/** All that the event store knows when a sweep looks: what there should be. */
export type Fleet = {
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly teams: ReadonlyMap<string, Team>;
  /** Whose life made what, by `identityKey`; also of lives that are over. */
  readonly made: ReadonlyMap<string, Life>;
};

export const identityKey = (backend: string, identity: string): string => `${backend} ${identity}`;

/** What has to be looked at, one by one: all that namespaces in use and at rest are promised. */
export const promised = (
  fleet: Fleet,
): readonly { readonly namespace: string; readonly resource: Resource }[] =>
  [...fleet.namespaces].flatMap(([namespace, state]) =>
    isAtRest(state) && isLive(state)
      ? (state.plan?.resources ?? []).map((resource) => ({ namespace, resource }))
      : [],
  );

/** Nothing is under way that could make or remove anything of it. */
export const isAtRest = (namespace: Namespace): boolean => openOperation(namespace) === undefined;

/** The namespace that made this very thing, or has it in its tag. */
export const lifeOf = ({ made }: Fleet, { backend, identity, owner }: Thing): Life | undefined =>
  owner ?? made.get(identityKey(backend, identity));

/** Who means to have each resource, made or not: what no tag and no identity says, an intent may. */
export function claims({ namespaces }: Fleet): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, { resources }] of namespaces)
    for (const key of remaining(resources)) found.set(key, name);
  return found;
}

/** Whether a look at the namespace itself tells of this thing: it stands where one of its resources has to. */
export function isLookedAt(namespace: Namespace, thing: Thing): boolean {
  if (!isLive(namespace)) return false;
  const planned = namespace.plan?.resources ?? [];
  return planned.some((resource) =>
    thing.kind === "bucket"
      ? resource.config["bucket"] === thing.name
      : resourceKey(resource) === resourceKey(thing),
  );
}
