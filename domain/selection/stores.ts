import type { BackendKind, ClientApi, PatternType, PlannedPattern } from "../plan.ts";
import type { BackendInventory, Inventory } from "./inventory.ts";

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
  api: ClientApi,
): { readonly pattern: PatternType; readonly backend: BackendKind } | undefined {
  for (const { type, config } of patterns) {
    const streams = type === "cdc" && config.sink !== null;
    const needed: readonly BackendKind[] = streams ? [...stores.cdc, "kafka"] : stores[type];
    const backend = needed.find((kind) => !has(inventory[kind], type, api));
    if (backend !== undefined) return { pattern: type, backend };
  }
  return undefined;
}

const has = (known: BackendInventory | undefined, type: PatternType, api: ClientApi): boolean =>
  known?.capabilities.includes(type) === true && known.withheld?.[type]?.includes(api) !== true;
