import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";
import type { Json } from "../domain/json.ts";
import { placeOf, unreadable } from "./unreadable.ts";

/** More aliases than a person writes. */
const maxAliases = 100;
/** Of the value that comes out, in bytes or about: as much as a request in JSON may be. */
const maxSize = 1_048_576;
const sizePerValue = 8;
/** Deeper than is taken anyway, and not so deep that walking it could end a process. */
const deepest = 100;

/**
 * The value of a YAML 1.2 document without custom tags, merge keys, duplicate keys or a second document.
 *
 * The library compares each key with all others, and follows aliases without a bound on what comes out: one small
 * body would keep the process busy for a minute. So duplicate keys and aliases are dealt with here, in one walk.
 */
export function parseYaml(body: string): Json {
  const anchored = new Map<string, { readonly value: Json; readonly size: number }>();
  let aliases = 0;
  let size = 0;

  const refusal = (why: string, at: Node | null) =>
    unreadable("YAML", why, placeOf(body, at?.range?.[0] ?? 0));

  const jsonOf = (node: Node | null, depth: number, around: Node | null): Json => {
    const sizeBefore = size;
    const value = read(node, depth, node ?? around);
    if (size > maxSize) throw refusal("what it holds is larger than 1 MiB", node ?? around);
    if (node !== null && !isAlias(node) && node.anchor)
      anchored.set(node.anchor, { value, size: size - sizeBefore });
    return value;
  };

  const read = (node: Node | null, depth: number, at: Node | null): Json => {
    size += sizePerValue;
    if (depth > deepest) throw refusal("it is nested too deeply", at);
    if (isSeq<Node | null>(node)) return node.items.map((item) => jsonOf(item, depth + 1, node));
    if (isMap<Node | null, Node | null>(node)) {
      const members = new Map<string, Json>();
      for (const { key, value } of node.items) {
        const name = jsonOf(key, depth + 1, node) ?? "";
        if (typeof name === "object") throw refusal("a key must be a text", key ?? node);
        if (members.has(String(name))) throw refusal("Map keys must be unique", key ?? node);
        members.set(String(name), jsonOf(value, depth + 1, key));
      }
      return Object.fromEntries(members);
    }
    if (isAlias(node)) {
      const meant = anchored.get(node.source);
      if (meant === undefined) throw refusal(`nothing before it is called &${node.source.slice(0, 60)}`, at);
      if (++aliases > maxAliases) throw refusal(`it holds more than ${maxAliases} aliases`, at);
      size += meant.size;
      return meant.value;
    }
    const value = (isScalar(node) ? node.value : null) as string | number | boolean | null;
    if (typeof value === "string") size += value.length;
    // YAML can write `.inf` and `.nan`, JSON cannot hold them.
    if (typeof value === "number" && !Number.isFinite(value)) throw refusal(`${value} is not a value`, at);
    return value;
  };

  return jsonOf(contentsOf(body), 0, null);
}

function contentsOf(body: string): Node | null {
  const { errors, warnings, contents } = parsed(body);
  // A warning is a tag that was not understood: what it meant would be lost.
  const wrong = errors[0] ?? warnings[0];
  if (wrong !== undefined) throw unreadable("YAML", wrong.message, placeOf(body, wrong.pos[0]), wrong);
  return contents;
}

function parsed(body: string) {
  try {
    return parseDocument(body, { version: "1.2", schema: "core", prettyErrors: false, uniqueKeys: false });
  } catch (cause) {
    const why = cause instanceof RangeError ? "it is nested too deeply" : (cause as Error).message;
    throw unreadable("YAML", why, { line: 1, column: 1 }, cause);
  }
}
