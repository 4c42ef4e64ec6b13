import type { BackendKind, PatternType } from "../plan.ts";
import { servingBackends } from "../request/chain.ts";
import { backendOf, type Inventory } from "./inventory.ts";
import type { NeedFacts } from "./needs.ts";

/** A reason why a backend cannot serve a namespace. */
export type Obstacle =
  | { readonly kind: "serves-not" | "absent" | "not-built" }
  | { readonly kind: "tiering" | "strong-durability" | "strong-consistency" }
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

/** The first thing that stands between a backend and these needs. */
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
  return constraints(backend, inventory, facts, chain)[0];
}

/** Every constraint that the needs put on a backend and it cannot keep, were it only there and built. */
export function constraints(
  backend: BackendKind,
  inventory: Inventory,
  facts: NeedFacts,
  chain: Chain,
): readonly Obstacle[] {
  const { limits } = inventory[backend] ?? backendOf(backend);
  const { log_write_rps } = (inventory.postgres ?? backendOf("postgres")).limits;
  const found: Obstacle[] = [];
  const atMost = (
    kind: "max_data_size" | "write_rps" | "log_write_rps",
    now: number,
    most: number | undefined,
  ): void => {
    if (most !== undefined && now > most) found.push({ kind, most });
  };
  if (backend !== "kafka" && chain.includes("tiered-storage")) found.push({ kind: "tiering" });
  if (backend === "redis" && facts.strong) found.push({ kind: "strong-durability" });
  if (backend === "redis" && facts.consistency === "strong") found.push({ kind: "strong-consistency" });
  atMost("max_data_size", facts.dataBytes, limits.max_data_size);
  atMost("write_rps", facts.writeRps, limits.write_rps);
  if (writesLog(chain)) atMost("log_write_rps", facts.writeRps, log_write_rps);
  return found;
}

/** Outbox, wal and replay-store are tables of one Postgres, whatever backend serves. */
const writesLog = (chain: Chain): boolean =>
  chain.includes("outbox") || chain.includes("wal") || chain.includes("replay-store");
