import type { JsonObject } from "../json.ts";
import { type BackendKind, backendKinds, type PatternType, type Trace, type Warning } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";
import type { BackendPlan } from "./backend-plan.ts";
import { type Chain, type Choice, obstacle } from "./choose.ts";
import { explain } from "./explain.ts";
import { flips } from "./flips.ts";
import type { Inventory } from "./inventory.ts";
import type { NeedFacts } from "./needs.ts";
import type { Ruleset } from "./ruleset.ts";

/** All that a selection went by. */
export type Reasons = {
  readonly request: NamespaceRequest;
  readonly facts: NeedFacts;
  readonly chain: Chain;
  readonly choice: Choice;
  readonly chosen: BackendKind;
  /** The branch of the ruleset that put the candidates in order. */
  readonly because: string;
  readonly lines: BackendPlan["lines"];
  readonly warnings: readonly Warning[];
  readonly inventory: Inventory;
  readonly ruleset: Ruleset;
};

type Rule = Trace["rules"][number];

/** Why the plan is as it is, in sentences. */
export function trace(reasons: Reasons): Trace {
  const { request, facts, chosen, inventory, ruleset } = reasons;
  return {
    rules: [
      ...patternLines(reasons),
      ...preferenceLine(reasons),
      ...reasons.lines.map(({ rule, because }) => ({ rule, fired: true, because })),
      ...ignoredLines(request, chosen),
      ...reasons.warnings.map(({ field, message }) => ({
        rule: `warning: ${field}`,
        fired: true,
        because: message,
      })),
    ],
    backends: backendKinds.map((backend) => ({
      backend,
      chosen: backend === chosen,
      because: backend === chosen ? whyChosen(reasons) : whyNot(backend, reasons),
    })),
    flips: flips(request, facts, chosen, { inventory, ruleset }),
    facts: lookedAt(request, inventory),
  };
}

function patternLines({ request, facts, chain, ruleset }: Reasons): Rule[] {
  return ruleset.patterns.map((rule) => {
    const named = request.patterns === undefined ? undefined : namedBecause(rule.pattern, chain);
    const fired = named === undefined ? rule.fires(facts) : chain.includes(rule.pattern);
    return { rule: rule.pattern, fired, because: named ?? rule.because(facts) };
  });
}

const namedBecause = (pattern: PatternType, chain: Chain): string =>
  chain.includes(pattern) ? "the platform role named it" : "the platform role named the chain without it";

function preferenceLine({ request, facts, choice, chosen }: Reasons): Rule[] {
  const { preference } = facts;
  if (preference === undefined) return [];
  const line = (fired: boolean, because: string): Rule[] => [{ rule: "backend_preference", fired, because }];
  if (request.backend !== undefined) return line(false, `the platform role named ${chosen}`);
  if (choice.preference === "honoured" || choice.preference === "none") {
    return line(true, `${preference} can hold every need`);
  }
  return line(false, `overridden: ${explain(choice.preference, preference, facts)}`);
}

function ignoredLines({ needs }: NamespaceRequest, chosen: BackendKind): Rule[] {
  const settings = [
    { rule: "kafka_partitions", asked: needs.kafka_partitions, backend: "kafka" },
    { rule: "postgres_pool_size", asked: needs.postgres_pool_size, backend: "postgres" },
  ];
  return settings
    .filter(({ asked, backend }) => asked !== undefined && backend !== chosen)
    .map(({ rule, backend }) => ({
      rule,
      fired: false,
      because: `ignored: the backend is ${chosen}, not ${backend}`,
    }));
}

function whyChosen({ request, choice, chosen, because }: Reasons): string {
  if (request.backend !== undefined) return "the platform role named it";
  if (choice.preference === "honoured") return "backend_preference asks for it, and it can hold every need";
  return choice.tried[0]?.backend === chosen ? because : "the first in line that can hold every need";
}

function whyNot(backend: BackendKind, { request, facts, chain, choice, chosen, inventory }: Reasons): string {
  const against = obstacle(backend, inventory, facts, chain);
  if (against !== undefined) return explain(against, backend, facts);
  if (request.backend !== undefined) return `could serve, but the platform role named ${chosen}`;
  if (choice.preference === "honoured") return `could serve, but backend_preference asks for ${chosen}`;
  return `could serve, but ${chosen} comes first`;
}

function lookedAt(
  { team: _, access: __, approval: ___, ...request }: NamespaceRequest,
  inventory: Inventory,
): JsonObject {
  return { request, inventory };
}
