import { PrismError } from "../errors.ts";
import { canonicalJson } from "../json.ts";
import type { BackendKind, Plan, PlannedPattern, Resource, Selection } from "../plan.ts";
import { approvals } from "../request/boundary.ts";
import type { NamespaceRequest } from "../request/request.ts";
import { sha256Hex } from "../sha256.ts";
import { type BackendPlan, backendPlan, topicSize } from "./backend-plan.ts";
import { choose } from "./choose.ts";
import type { Inventory } from "./inventory.ts";
import { liberties } from "./liberties.ts";
import { factsOf, type NeedFacts } from "./needs.ts";
import { noneLeft, notBuilt } from "./none-left.ts";
import { patternConfig } from "./pattern-config.ts";
import { patternResources } from "./pattern-resources.ts";
import { askedAt } from "./pattern-rules.ts";
import { plannedPolicies } from "./policies.ts";
import type { Ruleset } from "./ruleset.ts";
import { currentRuleset, ruleset } from "./rulesets.ts";
import { missingStore } from "./stores.ts";
import { trace } from "./trace.ts";

/**
 * How and where a sound request would be served, and why: a function of ruleset, needs
 * and inventory alone, so that the same question always has the same answer and hash.
 *
 * `asker` only decides what needs approval. Errors: `INVALID_CONFIGURATION` where no
 * backend can hold the needs, `UNIMPLEMENTED` where one could, but this build cannot
 * provision it.
 */
export function select(
  request: NamespaceRequest,
  inventory: Inventory,
  options: { ruleset?: string; asker?: "team" | "platform" } = {},
): Selection {
  refuseGraph(request);
  const known = { inventory, ruleset: ruleset(options.ruleset ?? currentRuleset) };
  const facts = factsOf(request);
  const patterns = plannedPatterns(request, facts, known.ruleset);
  const chain = patterns.map(({ type }) => type);

  const { backends, because } = known.ruleset.order(facts, chain);
  const named = request.backend?.type;
  const choice = named === undefined ? choose(facts, chain, inventory, backends) : alone(named);
  const { chosen } = choice;
  if (chosen === undefined) throw noneLeft(choice, facts, chain, inventory);
  refuseUnbuilt(chosen, request, patterns, inventory);

  const set = setUp(chosen, request, patterns, known);
  const plan: Plan = {
    ruleset: known.ruleset.name,
    patterns,
    backend: { type: chosen, config: set.config },
    resources: distinct(set.resources),
    policies: plannedPolicies(request.policies),
  };
  const warnings = [
    ...set.lines.flatMap(({ warning }) => (warning === undefined ? [] : [warning])),
    ...liberties(request, facts, chain, chosen, inventory),
  ];
  const reasons = { request, facts, chain, choice, chosen, because, lines: set.lines, warnings, ...known };
  const approval = approvals(request, options.asker ?? "team");
  return { plan, trace: trace(reasons), hash: planHash(plan), warnings, approval };
}

/** What an approver approves: SHA-256 over the plan's RFC 8785 JSON. */
const planHash = (plan: Plan): string => sha256Hex(canonicalJson(plan));

/** Every pattern is at its first version; a proxy that lacks a version does not acknowledge the directory. */
function plannedPatterns(
  request: NamespaceRequest,
  facts: NeedFacts,
  { patterns }: Ruleset,
): readonly PlannedPattern[] {
  const named = request.patterns?.filter(({ enabled }) => enabled);
  const chain =
    named ??
    patterns.filter((rule) => rule.fires(facts)).map(({ pattern }) => ({ type: pattern, config: {} }));
  return chain.map(({ type, config }) => ({
    type,
    version: 1,
    config: patternConfig(type, request, config),
  }));
}

/** An expert's backend stands alone: nothing else is tried. */
const alone = (chosen: BackendKind) => ({ chosen, tried: [], preference: "none" }) as const;

function refuseGraph({ needs }: NamespaceRequest): void {
  if (needs.data_model !== "graph") return;
  throw new PrismError("UNIMPLEMENTED", "data_model 'graph' is not served yet: graph data has no backend", {
    details: {
      field: "needs.data_model",
      supported_values: ["relational"],
      recommendation: "Use data_model 'relational'",
    },
  });
}

function refuseUnbuilt(
  chosen: BackendKind,
  request: NamespaceRequest,
  patterns: readonly PlannedPattern[],
  inventory: Inventory,
): void {
  const { client_api: api } = request;
  if (inventory[chosen]?.capabilities.includes(api) !== true) {
    throw notBuilt(chosen, `it was named for ${api}`, "backend.type");
  }
  const missing = missingStore(patterns, inventory, api);
  if (missing === undefined) return;
  const { pattern, backend } = missing;
  const field = request.patterns === undefined ? askedAt(pattern, api) : "patterns";
  throw notBuilt(backend, `pattern '${pattern}' keeps what it holds there`, field);
}

/** The backend's own set-up and what the patterns keep beside it. */
function setUp(
  chosen: BackendKind,
  request: NamespaceRequest,
  patterns: readonly PlannedPattern[],
  known: { inventory: Inventory; ruleset: Ruleset },
): BackendPlan {
  const onBackend = backendPlan(chosen, request, patterns, known);
  const streams = patterns.some(({ type, config }) => type === "cdc" && config.sink !== null);
  const { partitions, replication } = topicSize(request, {}, known);
  const changes = { partitions: partitions.value, replication: replication.value };
  const lines = [
    { rule: "change topic: partitions", ...partitions },
    { rule: "change topic: replication", ...replication },
  ];
  return {
    config: onBackend.config,
    resources: [...onBackend.resources, ...patternResources(patterns, { request, backend: chosen, changes })],
    lines: streams ? [...onBackend.lines, ...lines] : onBackend.lines,
  };
}

/** A schema or a bucket that two patterns use is one resource. */
function distinct(resources: readonly Resource[]): readonly Resource[] {
  const seen = new Set<string>();
  return resources.filter(({ backend, kind, name }) => {
    const key = `${backend} ${kind} ${name}`;
    return !seen.has(key) && seen.add(key);
  });
}
