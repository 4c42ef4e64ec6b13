import type { PlannedPattern } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";
import { bytes } from "../request/size.ts";

/** The largest payload, a size, that a namespace's topic or stream sees: claim-check keeps what is larger apart. */
export function largestInline({ needs }: NamespaceRequest, patterns: readonly PlannedPattern[]): string {
  const largest = needs.max_message_size ?? "1MB";
  const threshold = patterns.find(({ type }) => type === "claim-check")?.config.threshold as
    | string
    | undefined;
  return threshold === undefined || bytes(largest) <= bytes(threshold) ? largest : threshold;
}
