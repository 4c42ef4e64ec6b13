import type { Json, JsonObject } from "../json.ts";
import { oneOfCatalogue, rename } from "./catalogue.ts";
import { isObject } from "./fields.ts";
import { oldestForm } from "./oldest-form.ts";
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
  const oldest = oldestForm(written);
  if (oldest !== undefined) {
    report(oldest);
    return undefined;
  }
  const document = Object.hasOwn(written, "namespaces") ? oneOfCatalogue(written, options, report) : written;
  if (document === undefined) return undefined;
  return withTeam(withAudit(withApproval(withoutNulls(document), report), report), options, report);
}

/** A key with nothing behind it, as YAML leaves it when all below it is commented out. */
const withoutNulls = (document: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null));

function withApproval(document: JsonObject, report: Report): JsonObject {
  if (!isObject(document.approval)) return document;
  const named = rename(document.approval, "approval", "approved_by", "approver", report);
  return { ...document, approval: rename(named, "approval", "approval_ticket", "ticket", report) };
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
