import { type Amounts, amountNames, minus, nothing, read } from "../team/quota.ts";
import { printSize } from "./size.ts";
import type { Violation } from "./violation.ts";

/** What a request asks of its team's quota. An amount that could not be read is missing. */
export function requestedAmounts(needs: {
  readonly write_rps?: number;
  readonly read_rps?: number;
  readonly data_size?: string;
}): Amounts {
  const { write_rps = 0, read_rps = 0, data_size = "0B" } = needs;
  return read({ write_rps, read_rps, data_size, namespaces: 1 });
}

export type QuotaFacts = {
  readonly quota: Amounts;
  /** Of which `held` counts as left: what a namespace holds already is its own. */
  readonly remaining: Amounts;
  /** What the namespace that asks holds already; nothing, where it is new. */
  readonly held?: Amounts;
};

/**
 * Each amount that the team has not left, in RFC-027's words. What does not grow needs no room, also under a lowered
 * quota; but while any amount is over its quota, nothing grows.
 */
export function quotaViolations(
  requested: Amounts,
  { team, quota, remaining, held = nothing }: QuotaFacts & { readonly team: string },
): readonly Violation[] {
  const growing = amountNames.filter((name) => requested[name] > held[name]);
  const short = growing.filter((name) => requested[name] > remaining[name]);
  const over =
    growing.length === 0 ? [] : overQuota(minus(remaining, held)).filter((name) => !short.includes(name));
  const about = { team, quota, remaining };
  return [
    ...short.map((name) => exceeding(name, requested[name], about)),
    ...over.map((name) => standstill(name, requested[name], minus(remaining, held)[name], about)),
  ];
}

/** The amounts of which more is reserved than the quota is. */
export const overQuota = (remaining: Amounts): readonly AmountName[] =>
  amountNames.filter((name) => remaining[name] < 0);

type AmountName = (typeof amountNames)[number];
type About = { readonly team: string; readonly quota: Amounts; readonly remaining: Amounts };

const show = (name: AmountName, amount: number): number | string =>
  name === "data_size" ? printSize(Math.max(0, amount)) : Math.max(0, amount);

function exceeding(name: AmountName, requested: number, about: About): Violation {
  const { quota, remaining } = about;
  const left = requested > quota[name] ? "" : `, of which ${show(name, remaining[name])} is left`;
  const asked = `Requested ${name} (${show(name, requested)})`;
  const recommendation = "Request quota increase via platform team";
  return violation(name, requested, about, {
    message: `${asked} exceeds team quota (${show(name, quota[name])})${left}`,
    recommendation,
  });
}

function standstill(name: AmountName, requested: number, left: number, about: About): Violation {
  const reserved = show(name, about.quota[name] - left);
  return violation(name, requested, about, {
    message: `The team holds more ${name} (${reserved}) than its quota (${show(name, about.quota[name])}): nothing may grow`,
    recommendation: "Shrink or delete namespaces of the team, or request quota increase via platform team",
  });
}

const violation = (
  name: AmountName,
  requested: number,
  { team, quota, remaining }: About,
  { message, recommendation }: { readonly message: string; readonly recommendation: string },
): Violation => ({
  code: "QUOTA_EXCEEDED",
  message,
  details: {
    field: name === "namespaces" ? "namespace" : `needs.${name}`,
    requested: show(name, requested),
    quota: show(name, quota[name]),
    remaining: show(name, remaining[name]),
    team,
    recommendation,
  },
});
