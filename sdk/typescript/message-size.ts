import { toBinary } from "@bufbuild/protobuf";
import { type PublishRequest, PublishRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { PrismError } from "./errors.ts";

// What a proxy reads at most: a larger frame ends the stream, and with it all that is under way there.
const largestBytes = 16 * 1024 * 1024;
// Of a character, and of what is around a text.
const mostBytes = 3;
const aroundBytes = 16;

/** At most so many bytes of a frame. */
export function sizeAtMost(request: PublishRequest): number {
  const { topic, key, idempotencyKey, payload, metadata, traceparent } = request;
  const around = Object.entries(metadata).reduce(
    (sum, [name, value]) => sum + textSize(name) + textSize(value),
    0,
  );
  const texts = [topic, key, idempotencyKey, traceparent].reduce((sum, text) => sum + textSize(text), 0);
  return payload.byteLength + texts + around + aroundBytes;
}

const textSize = (text: string): number => text.length * mostBytes + aroundBytes;

/** Refuses what no proxy can read, before it is sent. */
export function checkSize(request: PublishRequest): void {
  if (sizeAtMost(request) <= largestBytes) return;
  const size = toBinary(PublishRequestSchema, request).byteLength;
  if (size <= largestBytes) return;
  throw new PrismError("PAYLOAD_TOO_LARGE", `a proxy reads at most ${largestBytes} bytes of one message`, {
    details: { field: "payload", size_bytes: size, limit_bytes: largestBytes, recommendation: "Send less" },
  });
}
