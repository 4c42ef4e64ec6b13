import type { Owner } from "./backend.ts";

/**
 * Where a life of a namespace keeps its things below the prefix of its plan. The number is
 * in it so that a later life never meets what an earlier one left.
 */
export const redisKeys = (prefix: string, { incarnation }: Owner): string => `${prefix}${incarnation}:`;

/** The number first: one rule then covers all prefixes of a life in its bucket. */
export const s3Keys = (prefix: string, owner: Owner): string => `${s3Life(owner)}${prefix}`;

export const s3Life = ({ incarnation }: Owner): string => `${incarnation}/`;
