import type { Json } from "../json.ts";
import { businessViolations } from "./business.ts";
import { asRequest, readDocument } from "./draft.ts";
import type { NamespaceRequest } from "./request.ts";
import type { Violation } from "./violation.ts";

/**
 * The request in its normal form, or everything that is wrong with the document itself:
 * first its shape, then needs that do not fit. `team` is the caller's `--team`.
 * What depends on who asks and on what exists is `examine`'s.
 */
export function parseRequest(
  document: Json,
  options: { team?: string | undefined } = {},
): { readonly request: NamespaceRequest } | { readonly violations: readonly Violation[] } {
  const { draft, violations: shape } = readDocument(document, options);
  const violations = draft === undefined ? shape : [...shape, ...businessViolations(draft)];
  return violations.length > 0 || draft === undefined ? { violations } : { request: asRequest(draft) };
}
