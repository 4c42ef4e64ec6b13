import { canonicalJson, type Json, type JsonObject } from "../json.ts";

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

/** The smallest merge patch that makes `to` of `from`; `to` must hold no null, which a patch cannot set. */
export function patchBetween(from: JsonObject, to: JsonObject): JsonObject {
  const patch = new Map<string, Json>();
  for (const name of Object.keys(from)) if (to[name] === undefined) patch.set(name, null);
  for (const [name, wanted] of Object.entries(to)) {
    const is = from[name];
    if (wanted === undefined || canonicalJson(is ?? null) === canonicalJson(wanted)) continue;
    patch.set(name, isObject(is) && isObject(wanted) ? patchBetween(is, wanted) : wanted);
  }
  return Object.fromEntries(patch) as JsonObject;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
