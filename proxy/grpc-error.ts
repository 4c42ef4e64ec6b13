import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack, durationFromMs } from "@bufbuild/protobuf/wkt";
import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { type ErrorCode, PrismError } from "../domain/errors.ts";
import type { Json } from "../domain/json.ts";
import { ErrorInfoSchema, RetryInfoSchema } from "../proto/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../proto/gen/google/rpc/status_pb.js";

const detailsHeader = "grpc-status-details-bin";

/**
 * A failure as gRPC carries it: the status of `api.md` §3 and, for programs, google.rpc.ErrorInfo
 * with `reason` = Prism's code, `domain` = "prism" and the details flattened to `metadata`.
 * What is not a PrismError says nothing of itself: tell the log before.
 */
export function grpcStatus(error: unknown): StatusObject {
  const known = error instanceof PrismError ? limited.get(error) : undefined;
  if (known !== undefined) return known;
  const status = statusObject(error);
  if (error instanceof PrismError && error.code === "RATE_LIMITED") limited.set(error, status);
  return status;
}

/** The same refusal is said to many: it is written down once. */
const limited = new WeakMap<PrismError, StatusObject>();

function statusObject(error: unknown): StatusObject {
  const { code, message, details } = asPrismError(error);
  const info = create(ErrorInfoSchema, { reason: code, domain: "prism", metadata: flatDetails(details) });
  const retryMs = details["retry_after_ms"];
  const retry = typeof retryMs === "number" ? [{ retryDelay: durationFromMs(retryMs) }] : [];
  const payload = create(StatusSchema, {
    code: statusOf[code],
    message,
    details: [
      anyPack(ErrorInfoSchema, info),
      ...retry.map((delay) => anyPack(RetryInfoSchema, create(RetryInfoSchema, delay))),
    ],
  });
  const metadata = new Metadata();
  metadata.set(detailsHeader, Buffer.from(toBinary(StatusSchema, payload)));
  // grpc-js throws at half a character, where nobody can catch it.
  return { code: statusOf[code], details: message.toWellFormed(), metadata };
}

export const asPrismError = (error: unknown): PrismError =>
  error instanceof PrismError ? error : new PrismError("INTERNAL", "internal error", { cause: error });

const statusOf: Readonly<Record<ErrorCode, status>> = {
  INVALID_CONFIGURATION: status.INVALID_ARGUMENT,
  INCOMPATIBLE_PATTERNS: status.INVALID_ARGUMENT,
  BOUNDARY_VIOLATION: status.INVALID_ARGUMENT,
  CONFIRMATION_REQUIRED: status.INVALID_ARGUMENT,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  FORBIDDEN: status.PERMISSION_DENIED,
  QUOTA_EXCEEDED: status.RESOURCE_EXHAUSTED,
  NOT_FOUND: status.NOT_FOUND,
  METHOD_NOT_ALLOWED: status.UNIMPLEMENTED,
  NAMESPACE_EXISTS: status.FAILED_PRECONDITION,
  OPERATION_IN_PROGRESS: status.FAILED_PRECONDITION,
  APPROVAL_STALE: status.FAILED_PRECONDITION,
  APPROVAL_REQUIRED: status.FAILED_PRECONDITION,
  IDEMPOTENCY_KEY_REUSED: status.FAILED_PRECONDITION,
  MIGRATION_REQUIRED: status.FAILED_PRECONDITION,
  DELETION_PROTECTED: status.FAILED_PRECONDITION,
  TOO_LATE: status.FAILED_PRECONDITION,
  VERSION_CONFLICT: status.ABORTED,
  PAYLOAD_TOO_LARGE: status.INVALID_ARGUMENT,
  RATE_LIMITED: status.RESOURCE_EXHAUSTED,
  WAL_FULL: status.RESOURCE_EXHAUSTED,
  WRONG_CLIENT_API: status.FAILED_PRECONDITION,
  RECEIPT_ELSEWHERE: status.FAILED_PRECONDITION,
  REPLAY_NOT_ENABLED: status.FAILED_PRECONDITION,
  INTERNAL: status.INTERNAL,
  UNIMPLEMENTED: status.UNIMPLEMENTED,
  BACKEND_UNAVAILABLE: status.UNAVAILABLE,
  NAMESPACE_DELETING: status.UNAVAILABLE,
  NAMESPACE_NOT_READY: status.UNAVAILABLE,
};

/** `{limit: {bytes: 1}}` becomes `{"limit.bytes": "1"}`: ErrorInfo holds nothing but strings. */
export function flatDetails(value: Json | undefined, path = ""): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object") return { [path]: String(value) };
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    return { [path]: value.join(", ") };
  }
  const members = Object.entries(value as Readonly<Record<string, Json | undefined>>);
  return Object.assign(
    {},
    ...members.map(([key, item]) => flatDetails(item, path === "" ? key : `${path}.${key}`)),
  );
}
