import type { BackendKind, Warning } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";
import { type Chain, constraints } from "./choose.ts";
import { explain } from "./explain.ts";
import type { Inventory } from "./inventory.ts";
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
    const beyond = constraints(chosen, inventory, facts, chain);
    found.push(...beyond.map((one) => ({ field: "backend.type", message: explain(one, chosen, facts) })));
  }
  return found;
}

const messages = ({ api }: NeedFacts): boolean => api === "queue" || api === "pubsub" || api === "transact";
