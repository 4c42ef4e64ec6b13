import type { JsonObject } from "../json.ts";
import { invalid, type Violation } from "./violation.ts";

/**
 * ADR-006's oldest form is refused, with today's field for each of its own: nothing of
 * it is guessed. `undefined`: it is another form.
 */
export function oldestForm(written: JsonObject): Violation | undefined {
  const field = oldestFields.find((name) => Object.hasOwn(written, name));
  if (field === undefined) return undefined;
  return invalid(
    field,
    `Field '${field}' belongs to the oldest request form (ADR-006), which is not accepted`,
    {
      mapping: today,
      recommendation: "Write client_api and needs instead; 'mapping' names today's field for each old one",
    },
  );
}

const oldestFields = ["abstraction", "capacity", "backend_config"];

const today: Readonly<Record<string, string>> = {
  abstraction: "client_api",
  backend: "needs.backend_preference",
  "capacity.estimated_read_rps": "needs.read_rps",
  "capacity.estimated_write_rps": "needs.write_rps",
  "capacity.estimated_data_size_gb": "needs.data_size",
  "policies.retention_days": "needs.retention",
  "policies.consistency": "needs.consistency",
  "policies.cache_enabled": "cache.enabled",
  "policies.cache_ttl_seconds": "cache.ttl",
  backend_config: "backend.config",
};
