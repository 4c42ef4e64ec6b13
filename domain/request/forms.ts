import type { Json, JsonObject } from "../json.ts";
import { at, isObject, own } from "./fields.ts";
import { nearest } from "./nearest.ts";
import { invalid, type Report, shown } from "./violation.ts";

/**
 * Brings every form a request may be written in to RFC-027's, before anything else
 * sees it. `undefined`: no request can be made out; what is wrong was reported.
 */
export function rfc027Form(
  written: Json,
  options: { team?: string | undefined },
  report: Report,
): JsonObject | undefined {
  if (!isObject(written)) {
    const recommendation = "Write namespace, team, client_api, needs and access";
    report(invalid("", `A request is an object, not '${shown(written)}'`, { recommendation }));
    return undefined;
  }
  if (oldestFields.some((name) => Object.hasOwn(written, name))) {
    refuseOldest(written, report);
    return undefined;
  }
  const document = Object.hasOwn(written, "namespaces") ? oneOfCatalogue(written, options, report) : written;
  if (document === undefined) return undefined;
  return withTeam(withAudit(withApproval(withoutNulls(document)), report), options, report);
}

/** ADR-006's oldest form: nothing of it is guessed, every field is mapped. */
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

function refuseOldest(written: JsonObject, report: Report): void {
  const field = oldestFields.find((name) => Object.hasOwn(written, name)) ?? "";
  report(
    invalid(field, `Field '${field}' belongs to the oldest request form (ADR-006), which is not accepted`, {
      mapping: today,
      recommendation: "Write client_api and needs instead; 'mapping' names today's field for each old one",
    }),
  );
}

/** RFC-014's catalogue: `namespaces:` with `name`, `pattern`, and team and access above the list. */
function oneOfCatalogue(
  written: JsonObject,
  options: { team?: string | undefined },
  report: Report,
): JsonObject | undefined {
  const { namespaces, team, access, ...rest } = written;
  for (const name of Object.keys(rest)) {
    const known = ["namespaces", "team", "access"];
    const meant = nearest(name, known);
    const recommendation =
      meant === undefined ? "Write it inside the entry of 'namespaces'" : `Did you mean '${meant}'?`;
    report(
      invalid(shown(name), `Unknown field '${shown(name)}'`, { supported_values: known, recommendation }),
    );
  }
  const [item] = Array.isArray(namespaces) ? namespaces : [];
  if (!Array.isArray(namespaces) || namespaces.length !== 1 || !isObject(item)) {
    const found = Array.isArray(namespaces)
      ? `${namespaces.length} entries`
      : `'${shown(namespaces ?? null)}'`;
    const recommendation = "Send one entry at a time; 'prism namespace create --file' does so";
    report(
      invalid("namespaces", `One request makes one namespace, 'namespaces' holds ${found}`, {
        recommendation,
      }),
    );
    return undefined;
  }
  const owner = team ?? options.team;
  const owners = typeof owner === "string" ? [{ team: owner }] : [];
  return catalogueEntry(
    { ...(team === undefined ? {} : { team }), access: access ?? { owners }, ...item },
    report,
  );
}

function catalogueEntry(item: JsonObject, report: Report): JsonObject {
  const renamed = rename(rename(item, "", "name", "namespace", report), "", "pattern", "client_api", report);
  if (renamed.needs !== undefined && renamed.needs !== null && !isObject(renamed.needs)) return renamed;
  const sized = rename(
    (renamed.needs ?? {}) as JsonObject,
    "needs",
    "message_size",
    "max_message_size",
    report,
  );
  const needs = rename(sized, "needs", "throughput", "write_rps", report);
  return renamed.client_api === "durable-queue"
    ? durableQueue({ ...renamed, needs }, needs, report)
    : { ...renamed, needs };
}

function durableQueue(entry: JsonObject, needs: JsonObject, report: Report): JsonObject {
  const durability = own(needs, "durability") ?? "strong";
  if (durability !== "strong") {
    report(
      invalid("needs.durability", `A durable-queue has durability 'strong', not '${shown(durability)}'`, {
        supported_values: ["strong"],
        recommendation: "Use pattern 'queue' for a weaker durability",
      }),
    );
  }
  return { ...entry, client_api: "queue", needs: { ...needs, durability: "strong" } };
}

function rename(object: JsonObject, path: string, from: string, to: string, report: Report): JsonObject {
  if (!Object.hasOwn(object, from)) return object;
  const { [from]: value, ...rest } = object;
  if (Object.hasOwn(object, to)) {
    const recommendation = `Leave '${at(path, from)}' out`;
    report(
      invalid(at(path, to), `'${at(path, from)}' and '${at(path, to)}' say the same thing twice`, {
        recommendation,
      }),
    );
    return rest;
  }
  return { ...rest, [to]: value };
}

/** A key with nothing behind it, as YAML leaves it when all below it is commented out. */
const withoutNulls = (document: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null));

function withApproval(document: JsonObject): JsonObject {
  if (!isObject(document.approval)) return document;
  const silent: Report = () => {};
  const named = rename(document.approval, "approval", "approved_by", "approver", silent);
  return { ...document, approval: rename(named, "approval", "approval_ticket", "ticket", silent) };
}

/** `audit: true` is RFC-014's word for audit logging. */
function withAudit(document: JsonObject, report: Report): JsonObject {
  if (!Object.hasOwn(document, "audit")) return document;
  const { audit, ...rest } = document;
  const policies = document.policies ?? {};
  if (typeof audit !== "boolean") {
    const recommendation = "Write true or false, without quotes";
    report(
      invalid("audit", `Value '${shown(audit ?? null)}' not supported for audit`, {
        supported_values: [true, false],
        recommendation,
      }),
    );
    return rest;
  }
  if (!isObject(policies)) return rest;
  const said = audit ? "enabled" : "disabled";
  if ((policies.audit_logging ?? said) === said)
    return { ...rest, policies: { ...policies, audit_logging: said } };
  report(
    invalid(
      "audit",
      `'audit: ${audit}' contradicts 'policies.audit_logging: ${shown(policies.audit_logging ?? null)}'`,
      {
        recommendation: "Say it once, at policies.audit_logging",
      },
    ),
  );
  return rest;
}

function withTeam(document: JsonObject, { team }: { team?: string | undefined }, report: Report): JsonObject {
  if (team === undefined) return document;
  const said = document.team ?? team;
  if (said === team) return { ...document, team };
  report(
    invalid("team", `Team '${team}' was asked for, the request says '${shown(said)}'`, {
      recommendation: "Leave one of them out",
    }),
  );
  const { team: _, ...rest } = document;
  return { ...rest, team };
}
