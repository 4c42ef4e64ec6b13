import type { BackendKind, PatternType } from "../plan.ts";
import { servingBackends } from "../request/chain.ts";
import { type BackendInventory, backendOf, type Inventory } from "./inventory.ts";
import type { NeedFacts } from "./needs.ts";

/** The first reason why a backend cannot serve a namespace. */
export type Obstacle =
  | {
      readonly kind:
        | "serves-not"
        | "absent"
        | "not-built"
        | "tiering"
        | "strong-durability"
        | "strong-consistency";
    }
  | { readonly kind: "max_data_size" | "write_rps" | "log_write_rps"; readonly most: number };

export type Chain = readonly PatternType[];

export type Choice = {
  readonly chosen: BackendKind | undefined;
  /** The backends that serve the client API, in the order in which they were tried. */
  readonly tried: readonly { readonly backend: BackendKind; readonly obstacle: Obstacle | undefined }[];
  /** What came of `backend_preference`. */
  readonly preference: "none" | "honoured" | Obstacle;
};

/**
 * The first backend of `order` that can hold the needs. A preference goes before it, if
 * it can: the RFC's own branches are choices, not constraints.
 */
export function choose(
  facts: NeedFacts,
  chain: Chain,
  inventory: Inventory,
  order: readonly BackendKind[],
): Choice {
  const tried = order.map((backend) => ({ backend, obstacle: obstacle(backend, inventory, facts, chain) }));
  const first = tried.find((one) => one.obstacle === undefined)?.backend;
  if (facts.preference === undefined) return { chosen: first, tried, preference: "none" };
  const against = obstacle(facts.preference, inventory, facts, chain);
  return against === undefined
    ? { chosen: facts.preference, tried, preference: "honoured" }
    : { chosen: first, tried, preference: against };
}

/** What stands between a backend and these needs. */
export function obstacle(
  backend: BackendKind,
  inventory: Inventory,
  facts: NeedFacts,
  chain: Chain,
): Obstacle | undefined {
  if (!servingBackends[facts.api].includes(backend)) return { kind: "serves-not" };
  const known = inventory[backend];
  if (known === undefined) return { kind: "absent" };
  if (!known.capabilities.includes(facts.api)) return { kind: "not-built" };
  return cannotHold(backend, known, inventory, facts, chain);
}

/** The constraints that the needs put on a backend, were it only there and built. */
export function cannotHold(
  backend: BackendKind,
  { limits }: BackendInventory,
  inventory: Inventory,
  facts: NeedFacts,
  chain: Chain,
): Obstacle | undefined {
  if (backend !== "kafka" && chain.includes("tiered-storage")) return { kind: "tiering" };
  if (backend === "redis" && facts.strong) return { kind: "strong-durability" };
  if (backend === "redis" && facts.consistency === "strong") return { kind: "strong-consistency" };
  const { max_data_size: mostBytes, write_rps: mostWrites } = limits;
  if (mostBytes !== undefined && facts.dataBytes > mostBytes)
    return { kind: "max_data_size", most: mostBytes };
  if (mostWrites !== undefined && facts.writeRps > mostWrites) return { kind: "write_rps", most: mostWrites };
  const mostLogged = writesLog(chain)
    ? (inventory.postgres ?? backendOf("postgres")).limits.log_write_rps
    : undefined;
  if (mostLogged !== undefined && facts.writeRps > mostLogged)
    return { kind: "log_write_rps", most: mostLogged };
  return undefined;
}

/** Outbox, wal and replay-store are tables of one Postgres, whatever backend serves. */
const writesLog = (chain: Chain): boolean =>
  chain.includes("outbox") || chain.includes("wal") || chain.includes("replay-store");
