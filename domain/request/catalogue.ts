import type { JsonObject } from "../json.ts";
import { at, isObject, own } from "./fields.ts";
import { nearest } from "./nearest.ts";
import { invalid, type Report, shown } from "./violation.ts";

/** RFC-014's catalogue: `namespaces:` with `name`, `pattern`, and team and access above the list. */
export function oneOfCatalogue(
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

/** One field under its other name; both at once is refused. */
export function rename(
  object: JsonObject,
  path: string,
  from: string,
  to: string,
  report: Report,
): JsonObject {
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
