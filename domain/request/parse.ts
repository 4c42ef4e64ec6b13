import type { Json } from "../json.ts";
import { expertFields, withoutExpertFields } from "./boundary.ts";
import { businessViolations } from "./business.ts";
import { asRequest, readDocument } from "./draft.ts";
import type { NamespaceRequest } from "./request.ts";
import { shapeFor } from "./rules.ts";
import type { Violation } from "./violation.ts";

/**
 * The request in its normal form, or everything that is wrong with the document itself:
 * its shape, expert fields in a team's hands, needs that do not fit. `team` is the
 * caller's `--team`, `platform` whether they hold the platform role.
 * What depends on what exists is `examine`'s.
 */
export function parseRequest(
  document: Json,
  options: { team?: string | undefined; platform?: boolean } = {},
): { readonly request: NamespaceRequest } | { readonly violations: readonly Violation[] } {
  const { draft, violations } = readDocument(document, options);
  const platform = options.platform === true;
  const shape = shapeFor(platform, violations);
  if (draft === undefined) return { violations: shape };
  const rules = platform
    ? businessViolations(draft)
    : [...expertFields(draft), ...businessViolations(withoutExpertFields(draft))];
  const found = [...shape, ...rules];
  return found.length > 0 ? { violations: found } : { request: asRequest(draft) };
}
