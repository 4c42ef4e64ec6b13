import type { BackendKind, Warning } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";
import { type Chain, cannotHold } from "./choose.ts";
import { explain } from "./explain.ts";
import { backendOf, type Inventory } from "./inventory.ts";
import type { NeedFacts } from "./needs.ts";

/** What an expert's own choice goes beyond: allowed, and said aloud. */
export function liberties(
  request: NamespaceRequest,
  facts: NeedFacts,
  chain: Chain,
  chosen: BackendKind,
  inventory: Inventory,
): readonly Warning[] {
  const found: Warning[] = [];
  if (request.patterns !== undefined && facts.strong && messages(facts) && !chain.includes("wal")) {
    found.push({
      field: "patterns",
      message: "durability is strong, and the named chain has no wal to keep that",
    });
  }
  if (request.backend !== undefined) {
    const beyond = cannotHold(chosen, inventory[chosen] ?? backendOf(chosen), inventory, facts, chain);
    if (beyond !== undefined) found.push({ field: "backend.type", message: explain(beyond, chosen, facts) });
  }
  return found;
}

const messages = ({ api }: NeedFacts): boolean => api === "queue" || api === "pubsub" || api === "transact";
