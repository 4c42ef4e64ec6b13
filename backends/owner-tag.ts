import type { Call, Observed, Owner } from "./backend.ts";

/** An owner as text, for backends that keep one beside the thing. */
export const ownerTag = ({ namespace, incarnation }: Owner): string =>
  JSON.stringify({ prism: { namespace, incarnation } });

/** What every tag begins with. */
export const tagMark = '{"prism":';

/** Whose a thing is by its tag; `undefined` where that says nothing of the kind. */
export function ownerIn(tag: string | null | undefined): Owner | undefined {
  try {
    const { namespace, incarnation } = (JSON.parse(tag ?? "") as { prism: Partial<Owner> }).prism;
    if (typeof namespace !== "string" || typeof incarnation !== "number") return undefined;
    return { namespace, incarnation };
  } catch {
    return undefined;
  }
}

/**
 * What a tag makes of a thing for who calls: `undefined` where it is the caller's own. One
 * of a later life is foreign: an attempt of a finished life must not touch it.
 */
export function standing(tag: Owner | undefined, identity: string, { owner }: Call): Observed | undefined {
  if (tag === undefined) return { state: "foreign", identity, because: "it carries no owner" };
  if (tag.namespace !== owner.namespace || tag.incarnation > owner.incarnation) {
    return { state: "foreign", identity, because: `it belongs to ${tag.namespace}/${tag.incarnation}` };
  }
  if (tag.incarnation === owner.incarnation) return undefined;
  return { state: "dead", identity, because: `it is of life ${tag.incarnation} of the namespace` };
}
