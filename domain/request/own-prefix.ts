import { redisPrefix } from "../selection/names.ts";
import type { Draft } from "./draft.ts";
import { invalid, type Violation } from "./violation.ts";

/**
 * In Redis nothing but how a key begins says whose it is, so that nobody's keys may begin as another's do.
 * Elsewhere the server tells things apart: a topic, a stream and a bucket have an owner, a table its schema.
 */
export function prefixViolations({ namespace, backend }: Draft): Violation[] {
  const prefix = backend?.config?.["prefix"];
  if (namespace === undefined || backend?.type !== "redis" || typeof prefix !== "string") return [];
  const own = redisPrefix(namespace);
  if (prefix.startsWith(own)) return [];
  return [
    invalid("backend.config.prefix", `Keys of namespace '${namespace}' cannot begin with '${prefix}'`, {
      recommendation: `Begin the prefix with '${own}'`,
    }),
  ];
}
