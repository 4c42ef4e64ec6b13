import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { type ErrorCode, PrismError } from "../domain/errors.ts";
import { isUnavailable, storeError } from "../eventstore/postgres/store-error.ts";

/** `api.md` §3's table. */
export const httpStatus: Readonly<Record<ErrorCode, number>> = {
  INVALID_CONFIGURATION: 400,
  INCOMPATIBLE_PATTERNS: 400,
  BOUNDARY_VIOLATION: 400,
  CONFIRMATION_REQUIRED: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  QUOTA_EXCEEDED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NAMESPACE_EXISTS: 409,
  OPERATION_IN_PROGRESS: 409,
  APPROVAL_STALE: 409,
  APPROVAL_REQUIRED: 409,
  IDEMPOTENCY_KEY_REUSED: 409,
  MIGRATION_REQUIRED: 409,
  DELETION_PROTECTED: 409,
  TOO_LATE: 409,
  WRONG_CLIENT_API: 409,
  RECEIPT_ELSEWHERE: 409,
  REPLAY_NOT_ENABLED: 409,
  VERSION_CONFLICT: 412,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  WAL_FULL: 429,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  BACKEND_UNAVAILABLE: 503,
  NAMESPACE_DELETING: 503,
  NAMESPACE_NOT_READY: 503,
};

const retryAfterSeconds = 2;

/** Every error leaves in RFC-027's shape; what is not ours says nothing of itself and is logged. */
export function answerError(error: FastifyError | PrismError, request: FastifyRequest, reply: FastifyReply) {
  const known = asPrismError(error);
  const status = httpStatus[known.code];
  request.refusedWith = known.code;
  const level = status >= 500 && known.code !== "UNIMPLEMENTED" ? "error" : "info";
  request.log[level](
    { code: known.code, cause: causeOf(error), path: request.url.split("?")[0] },
    known.message,
  );
  if (known.advice === "wait") {
    reply.header("retry-after", String(known.details["retry_after_seconds"] ?? retryAfterSeconds));
  }
  if (known.code === "UNAUTHENTICATED") reply.header("www-authenticate", 'Bearer realm="prism"');
  const { code, message, details } = known;
  return reply.status(status).send({ error: { code, message, details } });
}

function asPrismError(error: FastifyError | PrismError): PrismError {
  if (error instanceof PrismError) {
    return error.code === "INTERNAL" ? new PrismError("INTERNAL", "internal error", { cause: error }) : error;
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [first] = error.validation;
    const field = first?.instancePath.replace(/^\//, "").replaceAll("/", ".") || "query";
    return new PrismError("INVALID_CONFIGURATION", `${field}: ${first?.message ?? "is not valid"}`, {
      details: { field },
    });
  }
  if (error.statusCode === 413) {
    return new PrismError("PAYLOAD_TOO_LARGE", "The request body is larger than 1 MiB", {
      details: { field: "body", recommendation: "Send one namespace at a time" },
    });
  }
  if (error.statusCode === 415) {
    return new PrismError("INVALID_CONFIGURATION", "The body must be application/json or application/yaml", {
      details: { field: "content-type", supported_values: ["application/json", "application/yaml"] },
    });
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return new PrismError("INVALID_CONFIGURATION", error.message, { details: { field: "request" } });
  }
  // Some of what reads Postgres hands its errors on as they are.
  if (isUnavailable(storeError("read", error))) {
    return new PrismError("BACKEND_UNAVAILABLE", "Prism's own store does not answer", {
      details: { recommendation: "Repeat the call later" },
      cause: error,
    });
  }
  return new PrismError("INTERNAL", "internal error", { cause: error });
}

const causeOf = (error: Error): string | undefined => {
  const { cause } = error;
  if (cause !== undefined) return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return error instanceof PrismError ? undefined : error.stack;
};
