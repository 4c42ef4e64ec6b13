import type { Json } from "../json.ts";
import { type Fields, isObject, object } from "./fields.ts";
import { choice, type Kind, listOf, type Scope, text } from "./kind.ts";
import type { Access, AccessMode } from "./request.ts";
import { invalid, shown } from "./violation.ts";

export const teamName = text(
  /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  "letters, digits, '.', '_' and '-', at most 100",
  100,
);
const serviceName = teamName;
const modes: readonly AccessMode[] = ["read-write", "read-only"];

const consumerFields: Fields = {
  service: { kind: serviceName, required: true, summary: "the service's name, as in its token" },
  access: { kind: choice(modes), default: "read-write", summary: "What it may do" },
};

const consumerObject = object(consumerFields);

/** ADR-006 writes a consumer as one text: `user-api (read-write)`. */
const written = /^\s*(\S+)\s*\(\s*(read-write|read-only)\s*\)\s*$/;

const consumer: Kind = {
  schema: { anyOf: [consumerObject.schema, { type: "string", pattern: written.source }] },
  read(value, path, scope) {
    if (typeof value === "string") return bareConsumer(value, path, scope);
    const [, service, mode] =
      (isObject(value) && typeof value.service === "string" && written.exec(value.service)) || [];
    if (!isObject(value) || service === undefined || mode === undefined)
      return consumerObject.read(value, path, scope);
    const said = value.access ?? mode;
    if (said === mode) return consumerObject.read({ ...value, service, access: mode }, path, scope);
    scope.report(
      invalid(`${path}.access`, `Access '${shown(said)}' contradicts '${value.service}'`, {
        recommendation: "Say the mode once",
      }),
    );
    return undefined;
  },
};

function bareConsumer(value: string, path: string, scope: Scope): Json | undefined {
  const [, service, access] = written.exec(value) ?? [];
  if (service !== undefined && access !== undefined) {
    return consumerObject.read({ service, access }, path, scope);
  }
  scope.report(
    invalid(path, `'${shown(value)}' does not say what the service may do`, {
      supported_values: modes.map((mode) => `<service> (${mode})`),
      recommendation: `Write '${shown(value)} (read-write)', or 'service: ${shown(value)}'`,
    }),
  );
  return undefined;
}

const consumerList = listOf(consumer);

const consumers: Kind = {
  schema: consumerList.schema,
  read(value, path, scope) {
    const read = consumerList.read(value, path, scope) as Access["consumers"] | undefined;
    if (read === undefined) return undefined;
    const seen = new Map<string, AccessMode>();
    for (const { service, access } of read) {
      const before = seen.get(service) ?? access;
      if (before !== access) {
        scope.report(
          invalid(path, `Service '${service}' is listed both as ${before} and as ${access}`, {
            recommendation: "List it once",
          }),
        );
      }
      seen.set(service, before);
    }
    return [...seen].map(([service, access]) => ({ service, access }));
  },
};

/** Who may use the namespace. Empty lists are fine: then the owning team alone. */
export const access: Kind = object({
  owners: {
    kind: listOf(object({ team: { kind: teamName, required: true, summary: "the team's name" } })),
    default: [],
    summary: "Teams that may do everything on it",
  },
  consumers: { kind: consumers, default: [], summary: "Services that may use it" },
});
