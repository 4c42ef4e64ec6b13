import { type BackendKind, type ClientApi, type PatternType, patternTypes } from "../plan.ts";
import type { Draft } from "./draft.ts";
import type { Violation } from "./violation.ts";

/** Which patterns a client API's chain may hold (R17); their order is that of `patternTypes`. */
const allowedPatterns: Readonly<Record<ClientApi, readonly PatternType[]>> = {
  queue: ["outbox", "claim-check", "wal", "replay-store", "tiered-storage"],
  pubsub: ["outbox", "claim-check", "wal", "replay-store", "tiered-storage"],
  transact: ["outbox", "claim-check", "wal", "replay-store"],
  reader: ["cache", "cdc"],
  keyvalue: ["cache"],
};

/** Which backends can serve a client API at all, in the order in which they are tried. */
export const servingBackends: Readonly<Record<ClientApi, readonly BackendKind[]>> = {
  keyvalue: ["redis", "postgres"],
  pubsub: ["nats", "kafka"],
  queue: ["kafka", "postgres"],
  reader: ["postgres"],
  transact: ["postgres"],
};

/** An expert's chain and backend: do they fit the client API and each other? */
export function chainViolations({ client_api: api, patterns, backend, given }: Draft): readonly Violation[] {
  if (api === undefined) return [];
  const chain = patterns
    ?.filter((pattern) => pattern.enabled !== false)
    .flatMap(({ type }) => (type === undefined ? [] : [type]));
  const type = backend?.type;
  return [
    ...(chain ?? []).flatMap((pattern) => unfit(pattern, api)),
    ...(chain ?? []).flatMap((pattern, index) => outOfOrder(chain?.[index - 1], pattern, api)),
    ...(api === "transact" && given.has("patterns") && chain?.includes("outbox") === false
      ? [withoutOutbox]
      : []),
    ...(type === undefined ? [] : wrongBackend(type, chain ?? [], api)),
  ];
}

const incompatible = (
  what: { field: string; kind: string; first: string; second?: string; api: ClientApi; backend?: string },
  message: string,
  recommendation: string,
): Violation => ({
  code: "INCOMPATIBLE_PATTERNS",
  message,
  details: { ...what, second: what.second ?? null, backend: what.backend ?? null, recommendation },
});

function unfit(pattern: PatternType, api: ClientApi): Violation[] {
  const allowed = allowedPatterns[api];
  if (allowed.includes(pattern)) return [];
  return [
    incompatible(
      { field: "patterns", kind: "api", first: pattern, api },
      `Pattern '${pattern}' does not fit client_api '${api}'`,
      `Use of: ${allowed.join(", ")}`,
    ),
  ];
}

function outOfOrder(first: PatternType | undefined, second: PatternType, api: ClientApi): Violation[] {
  if (first === undefined || patternTypes.indexOf(first) < patternTypes.indexOf(second)) return [];
  const what = { field: "patterns", kind: "order", first, second, api };
  return first === second
    ? [incompatible(what, `Pattern '${first}' stands twice in the chain`, `Name '${first}' once`)]
    : [
        incompatible(
          what,
          `Pattern '${first}' cannot come before '${second}'`,
          `Order them: ${patternTypes.join(", ")}`,
        ),
      ];
}

const withoutOutbox: Violation = incompatible(
  { field: "patterns", kind: "missing", first: "outbox", api: "transact" },
  "A chain for client_api 'transact' begins with 'outbox'",
  "Add 'outbox' as the first pattern",
);

function wrongBackend(type: BackendKind, chain: readonly PatternType[], api: ClientApi): Violation[] {
  if (!servingBackends[api].includes(type)) {
    return [
      incompatible(
        { field: "backend.type", kind: "backend", first: chain[0] ?? "", api, backend: type },
        `Backend '${type}' does not serve client_api '${api}'`,
        `Use ${servingBackends[api].map((kind) => `'${kind}'`).join(" or ")}`,
      ),
    ];
  }
  if (!chain.includes("tiered-storage") || type === "kafka") return [];
  return [
    incompatible(
      { field: "backend.type", kind: "backend", first: "tiered-storage", api, backend: type },
      `Pattern 'tiered-storage' needs kafka as its hot tier, not '${type}'`,
      "Use backend 'kafka', or leave tiered-storage out",
    ),
  ];
}
