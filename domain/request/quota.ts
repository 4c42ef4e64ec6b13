import { type Amounts, amountNames, read } from "../team/quota.ts";
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

/** Each amount that the team has not left, in RFC-027's words. `remaining` counts what is reserved already. */
export function quotaViolations(
  requested: Amounts,
  { team, quota, remaining }: { team: string; quota: Amounts; remaining: Amounts },
): readonly Violation[] {
  return amountNames
    .filter((name) => requested[name] > remaining[name])
    .map((name) => {
      const show = (amount: number): number | string =>
        name === "data_size" ? printSize(Math.max(0, amount)) : Math.max(0, amount);
      const left = requested[name] > quota[name] ? "" : `, of which ${show(remaining[name])} is left`;
      return {
        code: "QUOTA_EXCEEDED",
        message: `Requested ${name} (${show(requested[name])}) exceeds team quota (${show(quota[name])})${left}`,
        details: {
          field: name === "namespaces" ? "namespace" : `needs.${name}`,
          requested: show(requested[name]),
          quota: show(quota[name]),
          remaining: show(remaining[name]),
          team,
          recommendation: "Request quota increase via platform team",
        },
      };
    });
}
