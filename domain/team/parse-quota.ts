import type { Json } from "../json.ts";
import { type Fields, object } from "../request/fields.ts";
import { count, rate, size } from "../request/quantity.ts";
import type { Violation } from "../request/violation.ts";
import { type Amounts, read, written } from "./quota.ts";
import type { Team } from "./team.ts";

const amounts: Fields = {
  write_rps: { kind: rate, summary: "Writes per second of all its namespaces together" },
  read_rps: { kind: rate, summary: "Reads per second of all its namespaces together" },
  data_size: { kind: size, summary: "What all its namespaces may hold together" },
  namespaces: { kind: count, summary: "How many namespaces it may have" },
};

const document = object({
  quota: { kind: object(amounts), required: true, summary: "write_rps, read_rps, data_size, namespaces" },
});

/**
 * The quota a document asks for, or everything that is wrong with it. What it leaves out
 * stays as the team has it; a new team has nothing.
 */
export function parseQuota(
  value: Json,
  { quota: before }: Team,
): { readonly quota: Amounts } | { readonly violations: readonly Violation[] } {
  const violations: Violation[] = [];
  const report = (violation: Violation) => void violations.push(violation);
  const parsed = document.read(value, "", { report, api: undefined, paths: [] }) as
    | { quota: Partial<ReturnType<typeof written>> }
    | undefined;
  if (violations.length > 0 || parsed === undefined) return { violations };
  return { quota: read({ ...written(before), ...parsed.quota }) };
}
