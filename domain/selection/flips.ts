import type { Json } from "../json.ts";
import type { BackendKind, Flip } from "../plan.ts";
import { businessViolations } from "../request/business.ts";
import { servingBackends } from "../request/chain.ts";
import { printDuration } from "../request/duration.ts";
import type { NamespaceRequest } from "../request/request.ts";
import { printSize } from "../request/size.ts";
import { choose } from "./choose.ts";
import type { Inventory } from "./inventory.ts";
import type { NeedFacts } from "./needs.ts";
import type { Ruleset } from "./ruleset.ts";
import { missingStore } from "./stores.ts";

type Move = {
  readonly need: string;
  readonly to: Json;
  readonly facts: Partial<NeedFacts>;
  readonly cost: number;
};

/**
 * For each backend that was not chosen: the smallest change of one need that would have
 * chosen it. A number's change is as large as its ratio, a word's is one step; naming a
 * preference comes last, since it always could.
 */
export function flips(
  request: NamespaceRequest,
  facts: NeedFacts,
  chosen: BackendKind,
  { inventory, ruleset }: { inventory: Inventory; ruleset: Ruleset },
): readonly Flip[] {
  if (request.backend !== undefined) return [];
  const wanted = new Set(
    servingBackends[facts.api].filter((kind) => kind !== chosen && inventory[kind] !== undefined),
  );
  if (wanted.size === 0) return [];
  const found: Flip[] = [];
  for (const move of moves(facts, inventory, ruleset).sort((a, b) => a.cost - b.cost)) {
    const backend = winner(request, { ...facts, ...move.facts }, inventory, ruleset);
    if (backend === undefined || !wanted.has(backend) || !sound(request, move)) continue;
    wanted.delete(backend);
    const from = (request.needs as Readonly<Record<string, Json | undefined>>)[move.need] ?? null;
    found.push({ need: move.need, from, to: move.to, backend });
  }
  return found;
}

function winner(
  request: NamespaceRequest,
  facts: NeedFacts,
  inventory: Inventory,
  ruleset: Ruleset,
): BackendKind | undefined {
  const named = request.patterns?.filter(({ enabled }) => enabled);
  const patterns =
    named ??
    ruleset.patterns
      .filter((rule) => rule.fires(facts))
      .map(({ pattern }) => ({ type: pattern, config: {} }));
  const chain = patterns.map(({ type }) => type);
  const { chosen } = choose(facts, chain, inventory, ruleset.order(facts, chain).backends);
  return missingStore(patterns, inventory, facts.api) === undefined ? chosen : undefined;
}

/** Whether the request would be accepted with this one change. */
function sound(request: NamespaceRequest, { need, to }: Move): boolean {
  const needs = { ...request.needs, [need]: to };
  const given = new Set(Object.keys(needs).map((name) => `needs.${name}`));
  return businessViolations({ ...request, needs, given }).length === 0;
}

function moves(facts: NeedFacts, inventory: Inventory, { thresholds }: Ruleset): Move[] {
  const limits = servingBackends[facts.api].flatMap((kind) => inventory[kind]?.limits ?? []);
  const log = inventory.postgres?.limits.log_write_rps;
  const writes = [...thresholds.write_rps, ...limits.map((limit) => limit.write_rps), log];
  const sizes = [...thresholds.data_size, ...limits.map((limit) => limit.max_data_size)];
  const found = [
    ...across("write_rps", facts.writeRps, writes, 1, (writeRps) => ({ to: writeRps, facts: { writeRps } })),
    ...across("data_size", facts.dataBytes, sizes, 1, (dataBytes) => ({
      to: printSize(dataBytes),
      facts: { dataBytes },
    })),
    ...preferences(facts),
    ...words(facts),
  ];
  if (facts.api === "keyvalue") {
    found.push(
      ...across("read_rps", facts.readRps, thresholds.read_rps, 1, (readRps) => ({
        to: readRps,
        facts: { readRps },
      })),
    );
  }
  if (facts.messageBytes > 0) {
    const sized = (messageBytes: number) => ({ to: printSize(messageBytes), facts: { messageBytes } });
    found.push(...across("max_message_size", facts.messageBytes, thresholds.max_message_size, 1, sized));
    const kept = (retentionMs: number) => ({ to: printDuration(retentionMs), facts: { retentionMs } });
    found.push(...across("retention", facts.retentionMs, thresholds.retention, 1000, kept));
  }
  return found;
}

/** To the other side of each threshold: down to it, or one step above it. */
function across(
  need: string,
  now: number,
  thresholds: readonly (number | undefined)[],
  step: number,
  move: (to: number) => { to: Json; facts: Partial<NeedFacts> },
): Move[] {
  return thresholds
    .filter((threshold) => threshold !== undefined)
    .map((threshold) => {
      const to = now > threshold ? threshold : threshold + step;
      const cost = now === Number.POSITIVE_INFINITY ? 3 : Math.abs(Math.log10((to + 1) / (now + 1)));
      return { need, cost, ...move(to) };
    });
}

function words(facts: NeedFacts): Move[] {
  const found: Move[] = [];
  const word = (need: string, to: Json, changed: Partial<NeedFacts>): void =>
    void found.push({ need, to, facts: changed, cost: 1 });
  if (facts.strong) word("durability", "eventual", { strong: false });
  else word("durability", "strong", { strong: true });
  if (facts.consistency === "strong") word("consistency", "eventual", { consistency: "eventual" });
  if (facts.consistency === "eventual") word("consistency", "strong", { consistency: "strong" });
  if (facts.messageBytes === 0) return found;
  word("ordered", !facts.ordered, { ordered: !facts.ordered });
  word("replay", facts.replay ? "disabled" : "enabled", { replay: !facts.replay });
  const guarantee = facts.exactlyOnce ? "at_least_once" : "exactly_once";
  word("delivery_guarantee", guarantee, { exactlyOnce: !facts.exactlyOnce });
  return found;
}

const preferences = ({ api, preference }: NeedFacts): Move[] =>
  servingBackends[api]
    .filter((kind) => kind !== preference)
    .map((kind) => ({ need: "backend_preference", to: kind, facts: { preference: kind }, cost: 1000 }));
