import type { BackendKind, PlannedPattern } from "../plan.ts";
import type { Chain } from "./choose.ts";
import type { Capability, Inventory } from "./inventory.ts";

/** What a chain keeps outside its backend, and where it must be kept. */
type Store = { readonly pattern: Capability; readonly backend: BackendKind };

const stores: Readonly<Record<Chain[number], readonly Store[]>> = {
  outbox: [{ pattern: "outbox", backend: "postgres" }],
  "claim-check": [{ pattern: "claim-check", backend: "s3" }],
  wal: [{ pattern: "wal", backend: "postgres" }],
  "replay-store": [{ pattern: "replay-store", backend: "postgres" }],
  "tiered-storage": [
    { pattern: "tiered-storage", backend: "kafka" },
    { pattern: "tiered-storage", backend: "postgres" },
    { pattern: "tiered-storage", backend: "s3" },
  ],
  cache: [{ pattern: "cache", backend: "redis" }],
  cdc: [{ pattern: "cdc", backend: "postgres" }],
};

/** The first store of a chain that this build cannot provision. */
export function missingStore(
  chain: readonly Pick<PlannedPattern, "type" | "config">[] | Chain,
  inventory: Inventory,
): Store | undefined {
  const needed = chain.flatMap((pattern) => {
    if (typeof pattern === "string") return stores[pattern];
    const streams = pattern.type === "cdc" && pattern.config.sink !== null;
    return streams ? [...stores.cdc, { pattern: "cdc", backend: "kafka" } as const] : stores[pattern.type];
  });
  return needed.find(({ pattern, backend }) => inventory[backend]?.capabilities.includes(pattern) !== true);
}
