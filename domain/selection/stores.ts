import type { BackendKind, PatternType, PlannedPattern } from "../plan.ts";
import type { Inventory } from "./inventory.ts";

/** Where a pattern keeps what it holds, outside the namespace's backend. */
const stores: Readonly<Record<PatternType, readonly BackendKind[]>> = {
  outbox: ["postgres"],
  "claim-check": ["s3"],
  wal: ["postgres"],
  "replay-store": ["postgres"],
  "tiered-storage": ["kafka", "postgres", "s3"],
  cache: ["redis"],
  cdc: ["postgres"],
};

/** What a chain needs and this build cannot provision: its first such pattern and backend. */
export function missingStore(
  patterns: readonly Pick<PlannedPattern, "type" | "config">[],
  inventory: Inventory,
): { readonly pattern: PatternType; readonly backend: BackendKind } | undefined {
  for (const { type, config } of patterns) {
    const streams = type === "cdc" && config.sink !== null;
    const needed: readonly BackendKind[] = streams ? [...stores.cdc, "kafka"] : stores[type];
    const backend = needed.find((kind) => inventory[kind]?.capabilities.includes(type) !== true);
    if (backend !== undefined) return { pattern: type, backend };
  }
  return undefined;
}
