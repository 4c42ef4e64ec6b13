import { resourceKey } from "../namespace/resources.ts";
import { cleanups } from "./cleanup.ts";
import { drifted, type Looked } from "./drift.ts";
import { about, type FleetFinding } from "./finding.ts";
import { claims, type Fleet, isAtRest, isLookedAt, lifeOf } from "./fleet.ts";
import { leaked } from "./leaked.ts";
import { isLogin, lonely } from "./lonely-login.ts";
import { stuck } from "./stuck.ts";
import type { Listing, Thing } from "./thing.ts";

export type Seen = {
  /** What stands in the backends. Taken before the fleet: what the fleet does not know then, nobody has just made. */
  readonly listings: readonly Listing[];
  readonly fleet: Fleet;
  /** Each of what `promised` names, as far as it could be looked at. */
  readonly looked: readonly Looked[];
  /** Operations that a workflow works on. */
  readonly running: ReadonlySet<string>;
};

/**
 * What is not as it should be. Nothing follows from what was not seen: a backend that does not answer has
 * nothing missing. Only what the fleet knows by name is ever repaired or removed; everything else is left
 * alone, so that an empty fleet costs nothing.
 */
export function classify({ listings, fleet, looked, running }: Seen): readonly FleetFinding[] {
  const claimed = claims(fleet);
  const things = listings.flatMap((listing) => listing.things ?? []);
  return [
    ...looked.flatMap((one) => drifted(one)),
    ...cleanups(fleet),
    ...stuck(fleet, running),
    ...leaked(fleet),
    ...things.flatMap((thing) =>
      isLogin(thing) ? lonely(thing, things, fleet) : stranger(thing, fleet, claimed),
    ),
  ];
}

/** What stands in a backend and in no plan. */
function stranger(thing: Thing, fleet: Fleet, claimed: ReadonlyMap<string, string>): readonly FleetFinding[] {
  const life = lifeOf(fleet, thing);
  const name = life?.namespace ?? claimed.get(resourceKey(thing));
  const namespace = name === undefined ? undefined : fleet.namespaces.get(name);
  // Who is at it knows better, and a look at the namespace itself says more.
  if (namespace !== undefined && (!isAtRest(namespace) || isLookedAt(namespace, thing))) return [];
  if (life === undefined) return claimed.has(resourceKey(thing)) ? [] : [foreign(thing)];
  if (namespace === undefined) {
    return [orphan(thing, life.namespace, "no namespace of that name was ever asked for here")];
  }
  const owned = namespace.resources.get(resourceKey(thing));
  if (life.incarnation === namespace.incarnation) {
    // What is known and should not be there is what a cleanup is for.
    if (owned !== undefined && owned.state !== "removed") return [];
    const because = owned === undefined ? "no plan of the namespace has it" : "it was removed, and is there";
    return [orphan(thing, life.namespace, because, "quarantine")];
  }
  const because =
    life.incarnation === 0
      ? "nothing in it says which life of the namespace it is of"
      : life.incarnation > namespace.incarnation
        ? `the namespace never had a life ${life.incarnation}`
        : `life ${life.incarnation} of the namespace is over`;
  return [orphan(thing, life.namespace, because, "quarantine")];
}

const foreign = ({ backend, kind, name }: Thing): FleetFinding =>
  about({
    class: "foreign",
    backend,
    kind,
    name,
    because: "nothing says that Prism made it",
    remedy: "none",
  });

/** Without a namespace there is no history that it could be recorded in: it may be another Prism's. */
const orphan = (
  { backend, kind, name }: Thing,
  namespace: string,
  because: string,
  remedy: "quarantine" | "none" = "none",
): FleetFinding => about({ class: "orphaned", backend, kind, name, namespace, because, remedy });
