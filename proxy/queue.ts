import { create } from "@bufbuild/protobuf";
import type {
  ServerDuplexStream,
  ServerReadableStream,
  ServerWritableStream,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { PrismError } from "../domain/errors.ts";
import {
  type AcknowledgeRequest,
  type AcknowledgeResponse,
  AcknowledgeResponseSchema,
  type LargeChunk,
  type Message,
  type PublishRequest,
  type PublishResponse,
  type SubscribeRequest,
} from "../proto/gen/prism/v1/message_pb.js";
import type { ConsumeRequest } from "../proto/gen/prism/v1/queue_pb.js";
import type { Admitted } from "./admission.ts";
import type { Calls, Operation } from "./calls.ts";
import { consume, deliver } from "./consume.ts";
import { grpcStatus } from "./grpc-error.ts";
import type { Limits } from "./limits.ts";
import { publish } from "./publish.ts";
import { publishLarge, publishStream } from "./publish-stream.ts";
import { parseReceipt, receiptElsewhere } from "./receipt.ts";

type QueueDependencies = { readonly calls: Calls; readonly limits: Limits; readonly clock?: () => number };

const operation = (name: string, need: Operation["need"]): Operation => ({ api: "queue", name, need });

/** prism.v1.QueueService. */
export function queueService({
  calls,
  limits,
  clock = Date.now,
}: QueueDependencies): UntypedServiceImplementation {
  const publishing = { limits, clock };
  return {
    publish: calls.unary(operation("Publish", "write"), (request: PublishRequest, admitted) =>
      publish(publishing, request, admitted),
    ),
    consume: calls.stream(
      operation("Consume", "read"),
      (call: ServerDuplexStream<ConsumeRequest, Message>, admitted, course) =>
        consume(limits, call, admitted, course),
    ),
    subscribe: calls.stream(
      operation("Subscribe", "read"),
      (call: ServerWritableStream<SubscribeRequest, Message>, admitted, course) =>
        deliver(limits, call, call.request, admitted, course),
    ),
    acknowledge: calls.unary(operation("Acknowledge", "read"), acknowledge),
    publishStream: calls.stream(
      operation("PublishStream", "write"),
      (call: ServerDuplexStream<PublishRequest, PublishResponse>, admitted, course) =>
        publishStream(publishing, call, admitted, course),
    ),
    publishLarge: calls.upload(
      operation("PublishLarge", "write"),
      (call: ServerReadableStream<LargeChunk, PublishResponse>, admitted, course) =>
        publishLarge(publishing, call, admitted, course),
    ),
    fetchPayload: notBuilt("FetchPayload", "claim check, which carries large payloads past the broker"),
  };
}

/** Answers when it is committed: what is confirmed does not come again, whatever dies. */
async function acknowledge(request: AcknowledgeRequest, { served }: Admitted): Promise<AcknowledgeResponse> {
  const receipts = request.receipt.map(parseReceipt);
  const groups = receipts.map((receipt) => served.groups.holding(receipt));
  const confirmed = await Promise.all(receipts.map((receipt, at) => groups[at]?.confirm(receipt)));
  if (confirmed.includes(false)) throw receiptElsewhere("its message was taken back and comes again");
  return create(AcknowledgeResponseSchema);
}

type Ended = { emit(event: "error", status: unknown): boolean };

/** Streams answer over their call, the others over the callback. */
const notBuilt =
  (name: string, missing: string) =>
  (call: Ended, callback?: (error: unknown) => void): void => {
    const refusal = new PrismError("UNIMPLEMENTED", `${name} is not built yet: it needs ${missing}`, {
      details: { missing },
    });
    if (callback === undefined) call.emit("error", grpcStatus(refusal));
    else callback(grpcStatus(refusal));
  };
