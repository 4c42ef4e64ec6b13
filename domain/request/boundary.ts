import type { Draft } from "./draft.ts";
import { milliseconds } from "./duration.ts";
import { needs as needFields } from "./needs.ts";
import type { NamespaceRequest } from "./request.ts";
import { bytes } from "./size.ts";
import type { Violation } from "./violation.ts";

/** A field that needs a platform member's word before the plan is carried out. */
export type Approval = { readonly field: string; readonly because: string };

/** What a team may have without asking. The platform itself may pass all but these. */
const caps = {
  write_rps: 100_000,
  read_rps: 500_000,
  data_size: "1TB",
  max_message_size: "100MB",
} as const;
const longestRetention = "365days";

/** Expert fields in the hands of those who do not hold the platform role. What they say is not even looked at. */
export function expertFields(draft: Draft): readonly Violation[] {
  const refused = [
    { field: "patterns", message: "Pattern selection is platform-controlled" },
    { field: "backend", message: "Backend selection is platform-controlled" },
  ];
  return refused
    .filter(({ field }) => draft.given.has(field))
    .map(({ field, message }) => ({
      code: "BOUNDARY_VIOLATION",
      message,
      details: {
        field,
        boundary: "expert",
        recommendation: `Remove '${field}': Prism chooses from needs${field === "backend" ? "; needs.backend_preference names a wish" : ""}`,
      },
    }));
}

/**
 * What of the request has to be approved. A platform member's own advanced fields need
 * no approval; what is over a cap needs a second platform member.
 */
export function approvals(request: NamespaceRequest, asker: "team" | "platform"): readonly Approval[] {
  return asker === "platform" ? overCap(request) : [...advanced(request), ...overCap(request)];
}

function advanced({ client_api, needs }: NamespaceRequest): readonly Approval[] {
  const found: Approval[] = [];
  for (const [name, field] of Object.entries(needFields)) {
    if (field.boundary === "advanced" && Object.hasOwn(needs, name)) {
      found.push({ field: `needs.${name}`, because: `'${name}' is an advanced field` });
    }
  }
  if (needs.consistency === "bounded_staleness") {
    found.push({ field: "needs.consistency", because: "'bounded_staleness' is an advanced consistency" });
  }
  const { retention } = needs;
  // Transactions are kept for the books, so that long is their normal.
  if (
    retention !== undefined &&
    client_api !== "transact" &&
    milliseconds(retention) > milliseconds(longestRetention)
  ) {
    found.push({ field: "needs.retention", because: `${retention} is more than ${longestRetention}` });
  }
  return found;
}

function overCap({ needs }: NamespaceRequest): readonly Approval[] {
  const found: Approval[] = [];
  const check = (name: keyof typeof caps, over: boolean): void => {
    const because = `${needs[name]} is more than ${caps[name]}, the most without approval`;
    if (over) found.push({ field: `needs.${name}`, because });
  };
  check("write_rps", needs.write_rps > caps.write_rps);
  check("read_rps", needs.read_rps > caps.read_rps);
  check("data_size", bytes(needs.data_size) > bytes(caps.data_size));
  check("max_message_size", bytes(needs.max_message_size ?? "1B") > bytes(caps.max_message_size));
  return found;
}

export function withoutExpertFields({ patterns: _, backend: __, ...draft }: Draft): Draft {
  return draft;
}
