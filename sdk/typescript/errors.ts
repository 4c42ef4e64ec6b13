import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type ServiceError, status } from "@grpc/grpc-js";
import { ErrorInfoSchema } from "../../proto/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../proto/gen/google/rpc/status_pb.js";

/**
 * What Prism answers instead of a result. `code` is one of the codes of `docs/errors.md`,
 * the same over REST and gRPC; `details` names the field and the cure.
 */
export class PrismError extends Error {
  override readonly name = "PrismError";
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** A failed call in Prism's words; what did not come from a proxy is told by its gRPC status. */
export function callError(error: ServiceError): PrismError {
  const info = infoOf(error);
  if (info !== undefined) {
    return new PrismError(info.reason, error.details, { details: info.metadata, cause: error });
  }
  return new PrismError(codeOf[error.code] ?? "INTERNAL", error.details || error.message, { cause: error });
}

/**
 * How a stream has failed. That its token has expired since it was let in is passing: the next one is opened
 * with a token that is asked for again, and refused there if that is no better.
 */
export function streamError(error: ServiceError): PrismError {
  const told = callError(error);
  if (told.details["let_in"] === undefined) return told;
  return new PrismError("BACKEND_UNAVAILABLE", told.message, { cause: error });
}

/** Whether the request certainly never left: sending it again cannot do anything twice. */
export const neverSent = (error: ServiceError): boolean =>
  error.code === status.UNAVAILABLE &&
  /^(No connection established|Name resolution failed)/.test(error.details);

const codeOf: Readonly<Partial<Record<status, string>>> = {
  [status.UNAVAILABLE]: "BACKEND_UNAVAILABLE",
  [status.DEADLINE_EXCEEDED]: "BACKEND_UNAVAILABLE",
  [status.UNAUTHENTICATED]: "UNAUTHENTICATED",
  [status.PERMISSION_DENIED]: "FORBIDDEN",
  [status.UNIMPLEMENTED]: "UNIMPLEMENTED",
  [status.RESOURCE_EXHAUSTED]: "PAYLOAD_TOO_LARGE",
  [status.INVALID_ARGUMENT]: "INVALID_CONFIGURATION",
};

function infoOf(error: ServiceError) {
  const bytes = error.metadata?.get("grpc-status-details-bin")[0];
  if (bytes === undefined || typeof bytes === "string") return undefined;
  for (const detail of fromBinary(StatusSchema, bytes).details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info?.domain === "prism") return info;
  }
  return undefined;
}
