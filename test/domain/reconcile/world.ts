import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";
import type { Resource } from "../../../domain/plan.ts";
import { classify, type Seen } from "../../../domain/reconcile/classify.ts";
import type { Shown } from "../../../domain/reconcile/drift.ts";
import { type Fleet, promised } from "../../../domain/reconcile/fleet.ts";
import type { Thing } from "../../../domain/reconcile/thing.ts";
import { type Holding, undefinedTeam } from "../../../domain/team/team.ts";

/** A fleet of the one namespace `orders`, as these events left it. */
export const fleetOf = (...events: readonly NamespaceEvent[]): Fleet => ({
  namespaces: new Map(events.length === 0 ? [] : [["orders", events.reduce(evolve, absent)]]),
  teams: new Map(),
  made: new Map(),
});

export const holding = (more: Partial<Holding>): Holding => ({
  namespace: "orders",
  incarnation: 1,
  committed: undefined,
  pending: undefined,
  ...more,
});

export const withHolding = (fleet: Fleet, held: Holding): Fleet => ({
  ...fleet,
  teams: new Map([
    [
      "payments-team",
      { ...undefinedTeam, team: "payments-team", holdings: new Map([[held.namespace, held]]) },
    ],
  ]),
});

export const thing = (more: Partial<Thing> = {}): Thing => ({
  backend: "kafka",
  kind: "topic",
  name: "orders-queue",
  identity: "id-1",
  owner: undefined,
  ...more,
});

/** Looks at all that is promised; what `shown` says nothing of is as planned. */
export const lookedAt = (fleet: Fleet, shown: Readonly<Record<string, Shown>> = {}): Seen["looked"] =>
  promised(fleet).map(({ namespace, resource }) => ({
    namespace,
    resource,
    shown: shown[resource.name] ?? { state: "ready" },
  }));

export const sweep = (seen: Partial<Seen> & { fleet: Fleet; things?: readonly Thing[] }) =>
  classify({
    listings: (seen.things ?? []).map((each) => ({ backend: each.backend, things: [each] })),
    looked: lookedAt(seen.fleet),
    running: new Set(),
    ...seen,
  });

export const standing = ({ backend, kind, name }: Resource, more: Partial<Thing> = {}): Thing =>
  thing({ backend, kind, name, ...more });
