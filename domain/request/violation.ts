import { type ErrorCode, PrismError } from "../errors.ts";
import type { Json, JsonObject } from "../json.ts";

/** One reason to refuse a request. `details.field` names the place, `details.recommendation` the cure. */
export type Violation = { readonly code: ErrorCode; readonly message: string; readonly details: JsonObject };

export type Report = (violation: Violation) => void;

/** The commonest kind: a field that cannot be as it is. */
export const invalid = (field: string, message: string, details: JsonObject = {}): Violation => ({
  code: "INVALID_CONFIGURATION",
  message,
  details: { field, ...details },
});

/** A field that asks for what Prism knows of but cannot do yet. */
export const unimplemented = (field: string, message: string, details: JsonObject = {}): Violation => ({
  code: "UNIMPLEMENTED",
  message,
  details: { field, ...details },
});

/** The error a refused request answers: the first violation's own, with all of them in `details.violations`. */
export function refusal(violations: readonly Violation[]): PrismError {
  const [first] = violations;
  if (first === undefined) return new PrismError("INTERNAL", "a refusal needs a violation");
  return new PrismError(first.code, first.message, {
    details: { ...first.details, violations: violations as readonly JsonObject[] },
  });
}

/** A value as an error message shows it: short, whatever was sent. */
export function shown(value: Json): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
