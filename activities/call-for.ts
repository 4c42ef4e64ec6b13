import type { Call } from "../backends/backend.ts";
import type { Namespace } from "../domain/namespace/namespace.ts";
import { ownedOf } from "../domain/namespace/resources.ts";
import type { Resource } from "../domain/plan.ts";
import type { NamespaceHistory } from "./recorder.ts";

export type About = {
  readonly namespace: string;
  readonly state: Namespace;
  /** What finished lives of the name have had. */
  readonly dead: readonly string[];
};

/** What a backend is told of a resource: whose it is, and what is recorded of it. */
export function callFor({ namespace, state, dead }: About, resource: Resource, signal: AbortSignal): Call {
  const owned = ownedOf(state.resources, resource);
  return {
    owner: { namespace, incarnation: state.incarnation },
    claim: {
      // Also while it is being removed: the intent to make it is what says that it is ours.
      intended: owned !== undefined && owned.identity === undefined && owned.sawAbsent,
      beside: [...state.resources.values()].some(
        (other) => other.sawAbsent && other.state !== "removed" && sharesPlace(other.resource, resource),
      ),
      ...(owned?.identity === undefined ? {} : { identity: owned.identity }),
      dead,
    },
    signal,
  };
}

const sharesPlace = (a: Resource, b: Resource): boolean =>
  a.backend === b.backend && a.config["bucket"] !== undefined && a.config["bucket"] === b.config["bucket"];

export const aboutHistory = (namespace: string, { state, events }: NamespaceHistory): About => ({
  namespace,
  state,
  dead: events.flatMap((event) =>
    event.type === "ResourceProvisioned" && event.metadata.incarnation < state.incarnation
      ? [event.data.identity]
      : [],
  ),
});
