import { PrismError } from "../errors.ts";
import type { Json } from "../json.ts";
import type { Selection } from "../plan.ts";
import type { Inventory } from "../selection/inventory.ts";
import { select } from "../selection/select.ts";
import { asRequest, type Draft, readDocument } from "./draft.ts";
import type { NamespaceRequest } from "./request.ts";
import { checkRules, type Facts, forbidden, shapeFor } from "./rules.ts";
import type { Violation } from "./violation.ts";

export type Examination =
  | { readonly accepted: true; readonly request: NamespaceRequest; readonly selection: Selection }
  /** `mayKnow`: whether the caller may see the team's quota beside the refusal. */
  | { readonly accepted: false; readonly violations: readonly Violation[]; readonly mayKnow: boolean };

/**
 * The whole judgement of a request, as `POST /namespaces` and `POST /plans` answer it:
 * schema, boundary, business, quota, all at once and in that order; on an otherwise
 * sound request, selection. A caller outside the team learns `FORBIDDEN` and no more.
 */
export function examine(
  document: Json,
  facts: Facts & { readonly inventory: Inventory; readonly team?: string | undefined },
): Examination {
  const { draft, violations: shape } = readDocument(document, { team: facts.team });
  const { platform } = facts.caller;
  const team = draft === undefined ? undefined : certainTeam(draft, shape);
  const stranger = team === undefined ? undefined : forbidden(team, facts.caller);
  if (stranger !== undefined) return { accepted: false, violations: [stranger], mayKnow: false };
  if (draft === undefined) return { accepted: false, violations: shape, mayKnow: false };

  // Nobody's quota is judged, or shown, where it is not certain whose it is.
  const judged = team === undefined ? { ...facts, quota: undefined } : facts;
  const violations = [...shapeFor(platform, shape), ...checkRules(draft, judged)];
  if (violations.length > 0) {
    return { accepted: false, violations, mayKnow: team !== undefined && facts.teamExists(team) };
  }
  return selected(asRequest(draft), facts);
}

/** Whom a request concerns, before anything is known of them: what the caller has to look up for `examine`. */
export function addressee(
  document: Json,
  options: { team?: string | undefined } = {},
): { namespace?: string; team?: string } {
  const { draft, violations } = readDocument(document, options);
  if (draft === undefined) return {};
  const team = certainTeam(draft, violations);
  return {
    ...(draft.namespace === undefined ? {} : { namespace: draft.namespace }),
    ...(team === undefined ? {} : { team }),
  };
}

/** The other teams a request names; each must exist. */
export function ownersNamed(document: Json): readonly string[] {
  const { draft } = readDocument(document, {});
  return (draft?.access?.owners ?? []).map(({ team }) => team);
}

/** A team that is malformed, or said in two ways, is nobody's to be asked about. */
function certainTeam({ team }: Draft, violations: readonly Violation[]): string | undefined {
  return violations.some(({ details }) => details.field === "team") ? undefined : team;
}

function selected(
  request: NamespaceRequest,
  { caller, inventory }: Facts & { inventory: Inventory },
): Examination {
  try {
    const selection = select(request, inventory, { asker: caller.platform ? "platform" : "team" });
    return { accepted: true, request, selection };
  } catch (error) {
    if (!(error instanceof PrismError) || error.code === "INTERNAL") throw error;
    const violation = { code: error.code, message: error.message, details: error.details };
    return { accepted: false, violations: [violation], mayKnow: true };
  }
}
