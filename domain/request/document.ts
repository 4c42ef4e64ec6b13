import type { Json, JsonObject } from "../json.ts";
import { backendKinds, clientApis, patternTypes } from "../plan.ts";
import { access, teamName } from "./access.ts";
import { backendConfig, patternConfig } from "./expert.ts";
import { type Fields, isObject, object, pathsOf } from "./fields.ts";
import { choice, flag, type Kind, listOf, onOff, text } from "./kind.ts";
import { needs } from "./needs.ts";
import { duration } from "./quantity.ts";
import { unservedApis, unservedBackends, unservedPatterns } from "./unserved.ts";

const policies: Fields = {
  pii_handling: { kind: onOff, default: "disabled", summary: "Personal data is found and protected" },
  audit_logging: { kind: onOff, default: "disabled", summary: "Every access is logged" },
  compliance: { kind: choice(["none", "pci"]), default: "none", summary: "pci requires the two above" },
  deletion_protection: { kind: flag, default: false, summary: "Whether a delete is refused" },
};

const topicName = text(/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/, "letters, digits, '.', '_' and '-'");
const tableName = text(/^[A-Za-z_][A-Za-z0-9_]*$/, "letters, digits and underscores", 63);

const cache: Fields = {
  enabled: { kind: flag, required: true, summary: "true or false" },
  backend: { kind: choice(["redis"]), default: "redis", summary: "Where the cache is" },
  ttl: { kind: duration({ seconds: true }), summary: "When an entry expires; a bare number is seconds" },
};

const cdc: Fields = {
  enabled: { kind: flag, required: true, summary: "true or false" },
  source: { kind: choice(["postgres"]), default: "postgres", summary: "Whose changes" },
  destination: {
    kind: choice(["kafka", "cache_invalidator"]),
    default: "kafka",
    summary: "Where changes go",
  },
  topic: { kind: topicName, summary: "The change topic; its Kafka name begins with the namespace's" },
  tables: { kind: listOf(tableName, 1), summary: "Which tables; all of the namespace, if unsaid" },
  operations: {
    kind: listOf(choice(["INSERT", "UPDATE", "DELETE"]), 1),
    default: ["INSERT", "UPDATE", "DELETE"],
    summary: "Which changes",
  },
};

/** `{type, config}`, where the type says which settings there are. */
function typed(
  types: readonly string[],
  later: Readonly<Record<string, string>>,
  configs: Readonly<Record<string, Kind>>,
  more: Fields = {},
): Kind {
  const withConfig = (config: Kind): Kind =>
    object({
      type: { kind: choice(types, later), required: true, summary: types.join(", ") },
      ...more,
      config: { kind: config, default: {}, summary: "Its settings" },
    });
  const kinds = new Map(Object.entries(configs).map(([type, config]) => [type, withConfig(config)]));
  // What settings an unknown type may have is unknown as well.
  const untyped = withConfig({ schema: { type: "object" }, read: (value) => value });
  return {
    schema: { anyOf: [...kinds].map(([type, { schema }]) => ofType(type, schema)) },
    read(value, path, scope) {
      const type = isObject(value) && typeof value.type === "string" ? value.type : "";
      return (kinds.get(type) ?? untyped).read(value, path, scope);
    },
  };
}

function ofType(type: string, schema: JsonObject): JsonObject {
  const { properties } = schema as { properties: JsonObject };
  return { ...schema, properties: { ...properties, type: { const: type } } };
}

const pattern = typed(patternTypes, unservedPatterns, patternConfig, {
  enabled: { kind: flag, default: true, summary: "false leaves it out" },
});
const backend = typed(backendKinds, unservedBackends, backendConfig);

const approval: Fields = {
  approver: { kind: text(/\S/, "a name"), summary: "Who is said to have approved" },
  ticket: { kind: text(/\S/, "a ticket"), summary: "Where" },
};

const namespaceName = text(
  /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
  "lower-case letters, digits and single hyphens, beginning with a letter, at most 64 characters",
  64,
);

const noPolicies = Object.fromEntries(
  Object.entries(policies).map(([name, field]) => [name, field.default as Json]),
);

/** A whole request, as RFC-027 writes it. */
export const document: Fields = {
  namespace: { kind: namespaceName, required: true, summary: "the namespace's name, unique in all of Prism" },
  team: { kind: teamName, required: true, summary: "the owning team" },
  client_api: { kind: choice(clientApis, unservedApis), required: true, summary: clientApis.join(", ") },
  needs: { kind: object(needs), required: true, summary: "what the namespace needs; {} takes every default" },
  access: { kind: access, required: true, summary: "owners and consumers; {} leaves it to the team alone" },
  policies: { kind: object(policies), default: noPolicies, summary: "Protection and compliance" },
  cache: { kind: object(cache), fits: ["reader"], summary: "A cache before the database" },
  cdc: { kind: object(cdc), fits: ["reader"], summary: "A stream of the database's changes" },
  patterns: { kind: listOf(pattern), boundary: "expert", summary: "The chain, instead of the rules' choice" },
  backend: { kind: backend, boundary: "expert", summary: "The backend, instead of the rules' choice" },
  approval: { kind: object(approval), summary: "A claim for the approver to check, never a grant" },
};

/** Reads a request, and describes one in JSON Schema. */
export const requestKind: Kind = object(document);

/** Every path a request may have. */
export const requestPaths: readonly string[] = pathsOf(requestKind.schema);
