import { deliversNothing, type Namespace, takesNothing } from "../namespace/namespace.ts";
import { leftBehind } from "../namespace/provision.ts";
import type { Resource } from "../plan.ts";
import { about, type FleetFinding } from "./finding.ts";
import { type Fleet, isAtRest } from "./fleet.ts";

/** Resources that an undo gave up on: known, ours, and in no plan that is in force. */
export const leftResources = (namespace: Namespace): readonly Resource[] =>
  leftBehind(namespace).flatMap((key) => namespace.resources.get(key)?.resource ?? []);

/** What an undo gave up on, of every namespace whose name it keeps taken, or that it stands beside. */
export const cleanups = ({ namespaces }: Fleet): readonly FleetFinding[] =>
  [...namespaces].flatMap(([namespace, state]) => {
    if (!isAtRest(state) || state.blocked.length === 0) return [];
    const operation = state.operation?.id ?? null;
    const left = { namespace, operation, because: "an undo gave up on it", remedy: "cleanup" } as const;
    const resources = leftResources(state).map(({ backend, kind, name }) =>
      about({ class: "orphaned", backend, kind, name, ...left }),
    );
    const still = standing(state).map((because) => about({ class: "drifted", ...left, because }));
    const found = [...resources, ...still];
    const held = state.blocked.includes("quota") || found.length === 0;
    return held ? [...found, about({ class: "leaked", ...left })] : found;
  });

const standing = (state: Namespace): readonly string[] => [
  ...(takesNothing(state) ? ["its log takes nothing: a failed delete could not open it again"] : []),
  ...(deliversNothing(state) ? ["nothing is delivered: a failed update left its barrier standing"] : []),
];
