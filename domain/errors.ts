import type { JsonObject } from "./json.ts";

/**
 * What went wrong, in one word a program can act on. The table in `docs/errors.md`
 * says when each is answered; the API and the proxy map it to their protocol.
 */
export type ErrorCode = keyof typeof advice;

/**
 * Who has to act. `fix`: the caller changes the request. `reload`: the code reads and
 * decides again. `wait`: nobody, repeat with backoff. `report`: us.
 */
export type Advice = "fix" | "reload" | "wait" | "report";

const advice = {
  INVALID_CONFIGURATION: "fix",
  INCOMPATIBLE_PATTERNS: "fix",
  BOUNDARY_VIOLATION: "fix",
  CONFIRMATION_REQUIRED: "fix",
  UNAUTHENTICATED: "fix",
  FORBIDDEN: "fix",
  QUOTA_EXCEEDED: "fix",
  METHOD_NOT_ALLOWED: "fix",
  NOT_FOUND: "fix",
  NAMESPACE_EXISTS: "fix",
  OPERATION_IN_PROGRESS: "fix",
  APPROVAL_STALE: "fix",
  APPROVAL_REQUIRED: "fix",
  IDEMPOTENCY_KEY_REUSED: "fix",
  MIGRATION_REQUIRED: "fix",
  DELETION_PROTECTED: "fix",
  TOO_LATE: "fix",
  VERSION_CONFLICT: "reload",
  PAYLOAD_TOO_LARGE: "fix",
  RATE_LIMITED: "wait",
  WAL_FULL: "wait",
  WRONG_CLIENT_API: "fix",
  RECEIPT_ELSEWHERE: "fix",
  REPLAY_NOT_ENABLED: "fix",
  INTERNAL: "report",
  UNIMPLEMENTED: "fix",
  BACKEND_UNAVAILABLE: "wait",
  NAMESPACE_DELETING: "wait",
  NAMESPACE_NOT_READY: "wait",
} as const satisfies Record<string, Advice>;

export const errorCodes = Object.keys(advice) as readonly ErrorCode[];

/**
 * The one error Prism throws on purpose.
 *
 * `message` says what this layer was doing and to what, for the person who has to act;
 * `details` names the field and the cure; the cause stays in `cause` and in our log.
 */
export class PrismError extends Error {
  override readonly name = "PrismError";
  readonly code: ErrorCode;
  readonly details: JsonObject;

  constructor(code: ErrorCode, message: string, options: { details?: JsonObject; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get advice(): Advice {
    return advice[this.code];
  }
}

export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === "string" && Object.hasOwn(advice, code);

/** Ends a switch over a union: the compiler refuses a forgotten case, the runtime an unknown one. */
export function unreachable(value: never): never {
  throw new PrismError("INTERNAL", `unexpected value ${JSON.stringify(value)}`);
}
