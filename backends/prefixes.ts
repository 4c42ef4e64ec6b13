import type { Owner } from "./backend.ts";

/**
 * Where a life of a namespace keeps its things below the prefix of its plan. The number is
 * in it so that a later life never meets what an earlier one left.
 */
export const redisKeys = (prefix: string, { incarnation }: Owner): string => `${prefix}${incarnation}:`;

/** The number first: one rule then covers all prefixes of a life in its bucket. */
export const s3Keys = (prefix: string, owner: Owner): string => `${s3Life(owner)}${prefix}`;

export const s3Life = ({ incarnation }: Owner): string => `${incarnation}/`;

/** Subjects of a life below those of the plan: `orders.>` becomes `orders.2.>`. */
export function natsSubjects(subject: string, { incarnation }: Owner): string {
  const wildcard = /\.[>*]$/.exec(subject)?.[0] ?? "";
  return `${subject.slice(0, subject.length - wildcard.length)}.${incarnation}${wildcard}`;
}

/** A life's stream has a name of its own: nobody who reads an earlier life's goes on in the next. */
export const natsStream = (name: string, { incarnation }: Owner): string => `${name}_${incarnation}`;
