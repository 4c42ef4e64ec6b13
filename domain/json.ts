export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json | undefined };

/**
 * RFC 8785: keys in UTF-16 order, no white space, numbers as ECMAScript prints them.
 * Two values that mean the same have the same text, so that their hashes can be compared.
 * A key whose value is `undefined` is absent, as in `JSON.stringify`.
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const object = value as JsonObject;
    let members = "";
    for (const key of Object.keys(object).sort()) {
      const member = object[key];
      if (member !== undefined) members += `${members && ","}${JSON.stringify(key)}:${canonicalJson(member)}`;
    }
    return `{${members}}`;
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${value} is not JSON`);
  return JSON.stringify(value);
}
