import { StoreError, type StoreErrorKind } from "../event-store.ts";

/** The vendor's error types (`ErrorType`), in the store's words. */
const kinds: Readonly<Record<string, StoreErrorKind>> = {
  "stream-not-found": "StreamNotFound",
  "no-stream": "StreamNotFound",
  "stream-deleted": "StreamNotFound",
  "stream-tombstoned": "StreamNotFound",
  "access-denied": "AccessDenied",
  "maximum-append-size-exceeded": "EventTooLarge",
  "transaction-max-size-exceeded": "EventTooLarge",
  "append-record-size-exceeded": "EventTooLarge",
  timeout: "StoreUnavailable",
  "deadline-exceeded": "StoreUnavailable",
  unavailable: "StoreUnavailable",
  cancelled: "StoreUnavailable",
  // The client looks for the new leader with the next call.
  "not-leader": "StoreUnavailable",
};

/** gRPC statuses that reach us untranslated: CANCELLED, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, UNAUTHENTICATED. */
const statuses: Readonly<Record<number, StoreErrorKind>> = {
  1: "StoreUnavailable",
  4: "StoreUnavailable",
  13: "StoreUnavailable",
  14: "StoreUnavailable",
  16: "AccessDenied",
};

/** What KurrentDB or the network said, in the store's words; our own bugs come back as they were. */
export function storeError(doing: string, error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  const kind = kindOf(error);
  return kind === undefined ? error : new StoreError(kind, `${doing}: ${error.message}`, { cause: error });
}

export const hasKind = (error: unknown, kind: StoreErrorKind): boolean =>
  error instanceof StoreError && error.kind === kind;

export const isWrongVersion = (error: unknown): boolean => typeOf(error) === "wrong-expected-version";

function kindOf(error: Error): StoreErrorKind | undefined {
  const known = kinds[typeOf(error) ?? ""];
  if (known !== undefined) return known;
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "number" && statuses[code] !== undefined) return statuses[code];
  return /discover|connect|ECONN|UNAVAILABLE|transport|channel|operation was cancell?ed/i.test(error.message)
    ? "StoreUnavailable"
    : undefined;
}

const typeOf = (error: unknown): string | undefined =>
  error instanceof Error && "type" in error && typeof error.type === "string" ? error.type : undefined;
