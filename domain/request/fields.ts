import type { Json, JsonObject } from "../json.ts";
import { type ClientApi, clientApis } from "../plan.ts";
import type { Kind, Scope } from "./kind.ts";
import { nearest } from "./nearest.ts";
import { invalid, shown, type Violation } from "./violation.ts";

/** One field of a request: everything there is to know of it, in one place. */
export type Field = {
  readonly kind: Kind;
  readonly summary: string;
  readonly required?: true;
  /** What is left out is this; a function where it depends on the client API. */
  readonly default?: Json | ((api: ClientApi) => Json);
  /** The client APIs it makes sense for; all, if unsaid. */
  readonly fits?: readonly ClientApi[];
  /** Who may set it; every team, if unsaid. */
  readonly boundary?: "advanced" | "expert";
};

export type Fields = Readonly<Record<string, Field>>;

export const fitsApi = (field: Field, api: ClientApi): boolean =>
  field.fits === undefined || field.fits.includes(api);

/** An object of known fields: unknown ones are reported with the nearest known one, absent ones get their default. */
export function object(fields: Fields): Kind {
  const known = Object.entries(fields);
  return {
    schema: schemaOf(fields),
    read(value, path, scope) {
      if (!isObject(value)) {
        const place = path === "" ? "at the top of the document" : `below ${path}`;
        const recommendation = `Write ${Object.keys(fields).join(", ")} ${place}`;
        scope.report(invalid(path, `'${shown(value)}' is not an object`, { recommendation }));
        return undefined;
      }
      reportUnknown(value, fields, path, scope);
      const read: Record<string, Json> = {};
      for (const [name, field] of known) {
        const one = readField(value, name, field, path, scope);
        if (one !== undefined) read[name] = one;
      }
      return read;
    },
  };
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A document's own field: what it inherits (`constructor`, `__proto__`) is none. */
export const own = (value: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(value, name) ? value[name] : undefined;

export const at = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

function readField(
  value: JsonObject,
  name: string,
  field: Field,
  path: string,
  scope: Scope,
): Json | undefined {
  const given = own(value, name);
  if (given !== undefined) return field.kind.read(given, at(path, name), scope);
  if (field.required) {
    const recommendation = `Add '${name}': ${field.summary}`;
    scope.report(invalid(at(path, name), `Field '${at(path, name)}' is required`, { recommendation }));
    return undefined;
  }
  return defaultOf(field, scope.api);
}

function defaultOf(field: Field, api: ClientApi | undefined): Json | undefined {
  if (api === undefined ? field.fits !== undefined : !fitsApi(field, api)) return undefined;
  if (typeof field.default !== "function") return field.default;
  return api === undefined ? undefined : field.default(api);
}

/** Enough to see what went wrong; a document of nothing but nonsense should not cost more. */
const mostUnknown = 50;

function reportUnknown(value: JsonObject, fields: Fields, path: string, { report, paths }: Scope): void {
  const unknown = Object.keys(value).filter((name) => !Object.hasOwn(fields, name));
  for (const name of unknown.slice(0, mostUnknown))
    report(unknownField(name, Object.keys(fields), path, paths));
  if (unknown.length > mostUnknown) {
    const more = unknown.length - mostUnknown;
    report(
      invalid(path, `${more} more unknown fields`, {
        recommendation: "See the request's schema in /openapi.json",
      }),
    );
  }
}

function unknownField(
  name: string,
  known: readonly string[],
  path: string,
  paths: readonly string[],
): Violation {
  const field = at(path, shown(name));
  const sibling = nearest(name, known);
  // A field that is spelt right may still stand in the wrong place.
  const meant = sibling === undefined ? paths.find((one) => one.endsWith(`.${name}`)) : at(path, sibling);
  return invalid(field, `Unknown field '${field}'`, {
    ...(meant === undefined ? { supported_values: known } : { nearest: meant }),
    recommendation:
      meant === undefined ? `Remove it; known here: ${known.join(", ")}` : `Did you mean '${meant}'?`,
  });
}

/** Every path of a schema, `needs.ttl` and the like; lists are not entered. */
export function pathsOf({ properties = {} }: { properties?: JsonObject }, above = ""): readonly string[] {
  return Object.entries(properties).flatMap(([name, schema]) => [
    at(above, name),
    ...pathsOf(schema as { properties?: JsonObject }, at(above, name)),
  ]);
}

/** The JSON Schema of an object of these fields, for the OpenAPI document. */
function schemaOf(fields: Fields): JsonObject {
  const required = Object.keys(fields).filter((name) => fields[name]?.required);
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, describe(field)])),
    ...(required.length > 0 ? { required } : {}),
  };
}

function describe({ kind, summary, default: otherwise, fits, boundary }: Field): JsonObject {
  const limits = [
    ...(fits === undefined || fits.length === clientApis.length ? [] : [`for ${fits.join(", ")}`]),
    ...(boundary === undefined ? [] : [boundary === "expert" ? "platform role only" : "needs approval"]),
  ];
  return {
    ...kind.schema,
    description: limits.length === 0 ? summary : `${summary} (${limits.join("; ")})`,
    ...(otherwise === undefined || typeof otherwise === "function" ? {} : { default: otherwise }),
  };
}
