import { chainViolations } from "./chain.ts";
import { document as documentFields } from "./document.ts";
import type { Draft } from "./draft.ts";
import { type Fields, fitsApi } from "./fields.ts";
import { needs as needFields } from "./needs.ts";
import { prefixViolations } from "./own-prefix.ts";
import { bytes } from "./size.ts";
import { invalid, type Violation } from "./violation.ts";

/** The largest message of all; nobody can approve more. */
const largestMessage = "5GB";

/**
 * What cannot be, whoever asks: needs that do not fit the client API or one another.
 * Judged on what could be read, so that one typing error hides nothing.
 */
export function businessViolations(draft: Draft): readonly Violation[] {
  return [
    ...unfitNeeds(draft),
    ...consistencyRules(draft),
    ...stalenessRules(draft),
    ...lifetimeRules(draft),
    ...readerRules(draft),
    ...policyRules(draft),
    ...chainViolations(draft),
    ...prefixViolations(draft),
  ];
}

const why: Readonly<Record<string, string>> = {
  max_message_size: "KeyValue uses fixed-size values",
  ttl: "Messages live as long as needs.retention says",
  retention: "Use ttl to let values expire",
};

/** A need that means nothing to the client API is refused also at its default value: its author expects something of it. */
function unfitNeeds({ client_api: api, given }: Draft): Violation[] {
  if (api === undefined) return [];
  const unfit = (fields: Fields, prefix: string): string[] =>
    Object.entries(fields)
      .filter(([name, field]) => given.has(prefix + name) && !fitsApi(field, api))
      .map(([name]) => prefix + name);
  return [...unfit(needFields, "needs."), ...unfit(documentFields, "")].map((field) => {
    const name = field.replace("needs.", "");
    const apis = (field.startsWith("needs.") ? needFields : documentFields)[name]?.fits ?? [];
    const hint = why[name] === undefined ? "" : ` (${why[name]})`;
    return invalid(field, `'${name}' not supported by client_api '${api}'`, {
      supported_apis: apis,
      recommendation: `Remove '${name}'${hint}, or use client_api ${apis.map((one) => `'${one}'`).join(" or ")}`,
    });
  });
}

function consistencyRules({ client_api: api, needs }: Draft): Violation[] {
  const { consistency } = needs;
  if (api === undefined || consistency === undefined) return [];
  // Exactly once makes "strong" mean an atomic publish (R5); unread, it may have been meant.
  const atomic = needs.delivery_guarantee !== "at_least_once";
  const supported = {
    keyvalue: ["strong", "eventual", "bounded_staleness"],
    reader: ["strong", "eventual", "bounded_staleness"],
    queue: ["strong", "eventual"],
    pubsub: atomic ? ["eventual", "strong"] : ["eventual"],
    transact: ["strong"],
  }[api];
  if (supported.includes(consistency)) return [];
  const recommendation = {
    strong: "Use client_api 'queue' for strong consistency",
    eventual: "Leave needs.consistency out: transactions are always strong",
    bounded_staleness: "Use client_api 'reader' or 'keyvalue' for bounded staleness",
  }[consistency];
  return [
    invalid("needs.consistency", `Consistency '${consistency}' not supported by client_api '${api}'`, {
      supported_values: supported,
      recommendation,
    }),
  ];
}

/** `bounded_staleness` says that there is a bound, `max_staleness` which. */
function stalenessRules({ client_api: api, needs: { consistency }, given }: Draft): Violation[] {
  if (consistency === undefined || (api !== "reader" && api !== "keyvalue")) return [];
  const bounded = consistency === "bounded_staleness";
  if (bounded === given.has("needs.max_staleness")) return [];
  return [
    bounded
      ? invalid("needs.max_staleness", "Consistency 'bounded_staleness' needs a max_staleness", {
          recommendation: "Add max_staleness, such as 5min",
        })
      : invalid("needs.max_staleness", `'max_staleness' means nothing with consistency '${consistency}'`, {
          recommendation: "Use consistency 'bounded_staleness', or remove max_staleness",
        }),
  ];
}

function lifetimeRules({ needs }: Draft): Violation[] {
  const found: Violation[] = [];
  if (needs.max_message_size !== undefined && bytes(needs.max_message_size) > bytes(largestMessage)) {
    found.push(
      invalid(
        "needs.max_message_size",
        `${needs.max_message_size} is more than ${largestMessage}, the largest message there is`,
        {
          limit: largestMessage,
          recommendation: "Split the payload",
        },
      ),
    );
  }
  if (needs.cleanup === "on_consume" && needs.replay === "enabled") {
    found.push(
      invalid("needs.cleanup", "Cleanup 'on_consume' removes what replay 'enabled' promises to keep", {
        supported_values: ["ttl"],
        recommendation: "Use cleanup 'ttl', or replay 'disabled'",
      }),
    );
  }
  return found;
}

function readerRules({ client_api: api, needs, cache, cdc, given }: Draft): Violation[] {
  if (api !== "reader") return [];
  const found: Violation[] = [];
  // A cache that could not be read may be the enabled one that is missing here.
  const cached = cache === undefined ? given.has("cache") : cache.enabled !== false;
  if (cache?.enabled === true && needs.consistency === "strong") {
    found.push(
      invalid("cache.enabled", "A cache cannot keep consistency 'strong'", {
        supported_values: [false],
        recommendation: "Use consistency 'eventual' or 'bounded_staleness', or no cache",
      }),
    );
  }
  if (given.has("needs.ttl") && !cached) {
    found.push(
      invalid("needs.ttl", "'ttl' on a reader is the life of its cache, and there is none", {
        recommendation: "Add 'cache: {enabled: true}', or remove ttl",
      }),
    );
  }
  if (cdc?.enabled === true && cdc.destination === "cache_invalidator" && !cached) {
    found.push(
      invalid("cdc.destination", "'cache_invalidator' has no cache to invalidate", {
        supported_values: ["kafka"],
        recommendation: "Add 'cache: {enabled: true}', or use destination 'kafka'",
      }),
    );
  }
  return found;
}

function policyRules({ policies }: Draft): Violation[] {
  const missing = (["pii_handling", "audit_logging"] as const).filter(
    (name) => policies[name] === "disabled",
  );
  if (policies.compliance !== "pci" || missing.length === 0) return [];
  return [
    invalid("policies.compliance", `Compliance 'pci' requires ${missing.join(" and ")}`, {
      requires: missing,
      recommendation: missing.map((name) => `Set ${name} to 'enabled'`).join("; "),
    }),
  ];
}
