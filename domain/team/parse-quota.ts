import type { Json } from "../json.ts";
import { type Fields, object } from "../request/fields.ts";
import { count, rate, size } from "../request/quantity.ts";
import { bytes } from "../request/size.ts";
import type { Violation } from "../request/violation.ts";
import type { Amounts, WrittenAmounts } from "./quota.ts";

const amounts: Fields = {
  write_rps: { kind: rate, summary: "Writes per second of all its namespaces together" },
  read_rps: { kind: rate, summary: "Reads per second of all its namespaces together" },
  data_size: { kind: size, summary: "What all its namespaces may hold together" },
  namespaces: { kind: count, summary: "How many namespaces it may have" },
};

const document = object({
  quota: { kind: object(amounts), required: true, summary: "write_rps, read_rps, data_size, namespaces" },
});

/** The amounts a document asks for, or everything that is wrong with it. */
export function parseQuota(
  value: Json,
): { readonly quota: Partial<Amounts> } | { readonly violations: readonly Violation[] } {
  const violations: Violation[] = [];
  const report = (violation: Violation) => void violations.push(violation);
  const parsed = document.read(value, "", { report, api: undefined, paths: [] }) as
    | { quota: Partial<WrittenAmounts> }
    | undefined;
  if (violations.length > 0 || parsed === undefined) return { violations };
  const { data_size, ...others } = parsed.quota;
  return { quota: { ...others, ...(data_size !== undefined && { data_size: bytes(data_size) }) } };
}
