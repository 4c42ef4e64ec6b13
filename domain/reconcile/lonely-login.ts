import type { Namespace } from "../namespace/namespace.ts";
import { about, type FleetFinding, type Remedy } from "./finding.ts";
import { type Fleet, isAtRest, lifeOf } from "./fleet.ts";
import { type Life, loginKind, type Thing } from "./thing.ts";

type Login = Thing & { readonly owner: Life };

/** One that says whose it is. */
export const isLogin = (thing: Thing): thing is Login =>
  thing.kind === loginKind && thing.owner !== undefined;

/**
 * A login whose life has nothing left where it leads. As long as something of that life stands there, the
 * login is part of it: whatever is found of that is said of both.
 */
export function lonely(login: Login, things: readonly Thing[], fleet: Fleet): readonly FleetFinding[] {
  const { backend, kind, name, owner } = login;
  if (things.some((thing) => isBeside(thing, login, fleet))) return [];
  const found = (because: string, remedy: Remedy): readonly FleetFinding[] => [
    about({ class: "orphaned", backend, kind, name, namespace: owner.namespace, because, remedy }),
  ];
  const namespace = fleet.namespaces.get(owner.namespace);
  if (namespace === undefined) return found("no namespace of that name was ever asked for here", "none");
  // Who is at it knows better.
  if (!isAtRest(namespace)) return [];
  if (owner.incarnation > namespace.incarnation)
    return found(`the namespace never had a life ${owner.incarnation}`, "quarantine");
  const isLast = owner.incarnation === namespace.incarnation;
  if (isLast && holdsIn(namespace, login)) return [];
  if (isLast && !isOver(namespace)) return found("the namespace has nothing there any more", "quarantine");
  const because = `life ${owner.incarnation} of the namespace is over`;
  return found(because, hasMade(fleet, login) ? "remove" : "quarantine");
}

const isBeside = (thing: Thing, { backend, owner }: Login, fleet: Fleet): boolean => {
  if (thing.backend !== backend || thing.kind === loginKind) return false;
  const life = lifeOf(fleet, thing);
  return life?.namespace === owner.namespace && life.incarnation === owner.incarnation;
};

const holdsIn = ({ resources }: Namespace, { backend }: Thing): boolean =>
  [...resources.values()].some(({ resource, state }) => resource.backend === backend && state !== "removed");

/** Nothing of it will ever be made again: the next life has another number. */
const isOver = ({ status, blocked }: Namespace): boolean =>
  ["deleted", "failed", "rejected"].includes(status) && blocked.length === 0;

/** Only a life that has had something there has had a login there. */
const hasMade = ({ made }: Fleet, { backend, owner }: Login): boolean =>
  [...made].some(
    ([key, life]) =>
      key.startsWith(`${backend} `) &&
      life.namespace === owner.namespace &&
      life.incarnation === owner.incarnation,
  );
