import type { Json, JsonObject } from "../domain/json.ts";

/** RFC 7396: members of `patch` replace those of `target`, objects member by member; null takes one away. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name) ?? null, value as Json));
  }
  return Object.fromEntries(merged) as JsonObject;
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
