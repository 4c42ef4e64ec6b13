import { StoreError, type StoreErrorKind } from "../event-store.ts";

/**
 * What Postgres or the network said, in the store's words. What is neither a matter of waiting nor of access
 * is our own bug and comes back as it was.
 */
export function storeError(doing: string, error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  const kind = kindOf(error);
  return kind === undefined ? error : new StoreError(kind, `${doing}: ${reason(error)}`, { cause: error });
}

export const isUnavailable = (error: unknown): boolean =>
  error instanceof StoreError && error.kind === "StoreUnavailable";

/**
 * The server answered, and refused: for what was asked, and not for the state it or the connection is in.
 * A number or an id that is taken (23505) is none: under the lock it cannot happen, so it must not be smoothed over.
 */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Error && /^(?!23505)[0-9A-Z]{5}$/.test(codeOf(error)) && kindOf(error) === undefined;

function kindOf(error: Error): StoreErrorKind | undefined {
  const code = codeOf(error);
  if (error.message.includes("after calling end on the pool")) return "StoreClosed";
  // Wrong password or role, a right that is missing.
  if (/^(28|42501)/.test(code)) return "AccessDenied";
  // Connection, resources, operator's intervention, locks, a transaction that idled too long, no such database.
  if (/^(08|53|57|58|40|55P03|25P0[23]|3D)/.test(code)) return "StoreUnavailable";
  if (/^E[A-Z]+$/.test(code)) return "StoreUnavailable";
  if (/connection|timeout|client was closed|not queryable/i.test(error.message)) return "StoreUnavailable";
  return undefined;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

const reason = (error: Error): string =>
  error instanceof AggregateError
    ? error.errors.map((inner) => String(inner?.message ?? inner)).join("; ")
    : error.message;
