import { absent, type Namespace, openOperation } from "../namespace/namespace.ts";
import type { NamespaceStatus } from "../namespace/status.ts";
import type { TeamCommand } from "../team/decide.ts";
import type { Holding } from "../team/team.ts";
import { about, type FleetFinding } from "./finding.ts";
import type { Fleet } from "./fleet.ts";

/** Quota that is held for what is over; `team`: whose quota it is. */
export const leaks = ({
  teams,
  namespaces,
}: Fleet): readonly { readonly team: string; readonly holding: Holding; readonly because: string }[] =>
  [...teams].flatMap(([team, { holdings }]) =>
    [...holdings.values()].flatMap((holding) => {
      const because = whyLeaked(holding, namespaces.get(holding.namespace) ?? absent);
      return because === undefined ? [] : [{ team, holding, because }];
    }),
  );

export const leaked = (fleet: Fleet): readonly FleetFinding[] =>
  leaks(fleet).map(({ team, holding, because }) =>
    about({
      class: "leaked",
      namespace: holding.namespace,
      operation: holding.pending?.operation ?? holding.committed?.operation ?? null,
      because: `${because}, and quota of ${team} is held for it`,
      remedy: returning(holding, fleet.namespaces.get(holding.namespace)) === undefined ? "none" : "return",
    }),
  );

/**
 * What gives it back: all of it where the life is over, else what an operation had reserved beside.
 * `undefined`: what the store knows of the namespace does not say enough for that.
 */
export function returning(holding: Holding, state: Namespace | undefined): TeamCommand | undefined {
  const { namespace, incarnation, pending, committed } = holding;
  if (state === undefined || state.incarnation === 0) return undefined;
  const operation = pending?.operation ?? committed?.operation ?? "";
  return isOver(holding, state) || pending === undefined
    ? { type: "ReleaseNamespace", namespace, incarnation, operation }
    : { type: "ReleaseReservation", namespace, operation };
}

function whyLeaked(holding: Holding, namespace: Namespace): string | undefined {
  const { pending, incarnation } = holding;
  // What is blocked is for the cleanup, and who is at it may yet need it.
  if (namespace.blocked.length > 0) return undefined;
  if (openOperation(namespace) !== undefined && namespace.incarnation === incarnation) return undefined;
  if (isOver(holding, namespace)) return `life ${incarnation} of '${holding.namespace}' is over`;
  return pending === undefined ? undefined : `operation ${pending.operation} has ended`;
}

const over: ReadonlySet<NamespaceStatus> = new Set(["absent", "deleted", "failed", "rejected"]);

/** The fleet is read after the teams: a life that began since is known to it. */
const isOver = ({ incarnation }: Holding, namespace: Namespace): boolean =>
  incarnation < namespace.incarnation ||
  (over.has(namespace.status) && openOperation(namespace) === undefined);
