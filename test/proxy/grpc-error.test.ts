import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { errorCodes, PrismError } from "../../domain/errors.ts";
import { RetryInfoSchema } from "../../proto/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../proto/gen/google/rpc/status_pb.js";
import { grpcStatus } from "../../proxy/grpc-error.ts";
import { callError } from "../../sdk/typescript/errors.ts";
import { refusalOf } from "./raw-client.ts";

const served = (error: unknown): ServiceError =>
  Object.assign(new Error("served"), grpcStatus(error)) as unknown as ServiceError;

describe("an error over gRPC", () => {
  it("carries its code as the reason, and its details as text", () => {
    const error = new PrismError("PAYLOAD_TOO_LARGE", "too much", {
      details: { field: "payload", limit: { bytes: 10 }, supported_values: ["a", "b"], nothing: null },
    });
    expect(refusalOf(served(error))).toEqual({
      status: "INVALID_ARGUMENT",
      reason: "PAYLOAD_TOO_LARGE",
      message: "too much",
      details: { field: "payload", "limit.bytes": "10", supported_values: "a, b" },
    });
  });

  it("is read back by the SDK with the same code", () => {
    for (const code of errorCodes) {
      expect(callError(served(new PrismError(code, "because")))).toMatchObject({ code, message: "because" });
    }
  });

  it("can be said whatever a caller has sent: grpc-js throws where a status holds half a character", () => {
    const halved = `${"a".repeat(199)}\u{1F600}`.slice(0, 200);
    const { details } = grpcStatus(new PrismError("INVALID_CONFIGURATION", `not '${halved}'`));
    expect(decodeURI(encodeURI(details))).toBe(`not '${"a".repeat(199)}\uFFFD'`);
  });

  it("says when to try again", () => {
    const { metadata } = grpcStatus(
      new PrismError("BACKEND_UNAVAILABLE", "x", { details: { retry_after_ms: 1_500 } }),
    );
    const bytes = metadata.get("grpc-status-details-bin")[0] as Buffer;
    const [, delay] = fromBinary(StatusSchema, bytes).details;
    expect(delay && anyUnpack(delay, RetryInfoSchema)?.retryDelay).toMatchObject({
      seconds: 1n,
      nanos: 500_000_000,
    });
  });

  it("says nothing of what is not ours", () => {
    const told = grpcStatus(new TypeError("cannot read 'password' of undefined"));
    expect([told.code, told.details]).toEqual([status.INTERNAL, "internal error"]);
  });

  it("of a proxy that is not there is BACKEND_UNAVAILABLE", () => {
    const error = Object.assign(new Error("14"), {
      code: status.UNAVAILABLE,
      details: "No connection established",
      metadata: new Metadata(),
    });
    expect(callError(error).code).toBe("BACKEND_UNAVAILABLE");
  });
});
