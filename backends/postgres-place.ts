import type { Resource } from "../domain/plan.ts";

/** Where a table of the plan is: its own name, its schema, and both as Postgres takes them. */
export type Place = { readonly name: string; readonly schema: string; readonly qualified: string };

export function placeOf({ name, config }: Resource): Place {
  const schema = typeof config["schema"] === "string" ? config["schema"] : shared;
  return { name, schema, qualified: `${quoted(schema)}.${quoted(name)}` };
}

/** Where namespaces without a schema of their own have their tables. */
export const shared = "public";

/** Tenants' SQL runs in a database of its own. */
export const inTenants = ({ config }: Resource): boolean => config["database"] === "tenants";

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** For statements that take no parameters. */
export const literal = (text: string): string => {
  const inside = text.replaceAll("'", "''");
  return inside.includes("\\") ? ` E'${inside.replaceAll("\\", "\\\\")}'` : `'${inside}'`;
};
