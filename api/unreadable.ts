import { PrismError } from "../domain/errors.ts";

/** Both from 1. */
export type Place = { readonly line: number; readonly column: number };

/** A body that is not what it says it is; `details` say where, as far as that is known. */
export function unreadable(
  language: "JSON" | "YAML",
  message: string,
  place: Place | undefined,
  cause?: unknown,
): PrismError {
  const where = place === undefined ? "" : `, at line ${place.line}, column ${place.column}`;
  return new PrismError("INVALID_CONFIGURATION", `the request is not ${language}: ${message}${where}`, {
    details: {
      field: "body",
      ...place,
      recommendation: place === undefined ? `Send ${language}` : `Correct line ${place.line}`,
    },
    cause,
  });
}

export function placeOf(body: string, offset: number): Place {
  const before = body.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
