import { PrismError } from "../domain/errors.ts";
import type { Json } from "../domain/json.ts";

/** Deeper than any request is, and not so deep that walking it could end a process. */
const deepest = 64;

/**
 * Refuses what a document can hold and nothing behind it can keep: text with NUL or half a character, which
 * Postgres does not store, and nesting without end.
 */
export function assertSound(document: Json): void {
  const left: { readonly value: unknown; readonly depth: number }[] = [{ value: document, depth: 0 }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, depth } = next;
    if (depth > deepest) throw unsound(`it is nested deeper than ${deepest}`);
    if (typeof value === "string") assertStorable(value);
    if (typeof value === "number" && !Number.isFinite(value))
      throw unsound("it holds a number beyond all bounds");
    if (typeof value !== "object" || value === null) continue;
    for (const [name, member] of Object.entries(value)) {
      assertStorable(name);
      left.push({ value: member, depth: depth + 1 });
    }
  }
}

const isStorable = (text: string): boolean => !text.includes("\0") && text.isWellFormed();

function assertStorable(text: string): void {
  if (!isStorable(text)) throw unsound("it holds text with NUL or with half a character");
}

const unsound = (why: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `the request cannot be taken: ${why}`, {
    details: { field: "body", recommendation: "Send plain text and a handful of levels" },
  });
