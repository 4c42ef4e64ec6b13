import { PrismError } from "../domain/errors.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";
import type { Caller } from "../runtime/auth.ts";

/** What a caller may know of a namespace. `all`: plan, trace and history too. `nothing`: it does not exist for them. */
export type Sight = "all" | "basics" | "nothing";

/** `api.md` §2 as a function. */
export function sightOf(caller: Caller, row: Pick<NamespaceRow, "team" | "request">): Sight {
  if (caller.platform || caller.audit || isOwner(caller, row)) return "all";
  const consumes = row.request.access.consumers.some(
    ({ service }) => caller.subject === `service:${service}`,
  );
  return consumes ? "basics" : "nothing";
}

function isOwner(caller: Caller, { team, request }: Pick<NamespaceRow, "team" | "request">): boolean {
  const owners = [team, ...request.access.owners.map((owner) => owner.team)];
  return owners.some((owner) => caller.teams.includes(owner));
}

/** The same answer for what is not there and for what the caller must not know of. */
export const notFound = (namespace: string): PrismError =>
  new PrismError("NOT_FOUND", `Namespace '${namespace}' does not exist`, {
    details: {
      field: "namespace",
      recommendation: "Check the name, and that your team or service has access to it",
    },
  });

export const operationNotFound = (id: string): PrismError =>
  new PrismError("NOT_FOUND", `Operation '${id}' does not exist`, { details: { field: "id" } });
