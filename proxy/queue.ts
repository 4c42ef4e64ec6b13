import { create } from "@bufbuild/protobuf";
import type {
  MethodDefinition,
  ServerDuplexStream,
  ServerReadableStream,
  ServerWritableStream,
  ServiceDefinition,
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
import { type ConsumeRequest, QueueService } from "../proto/gen/prism/v1/queue_pb.js";
import { grpcService } from "../proto/grpc.ts";
import type { Admitted } from "./admission.ts";
import type { Calls } from "./calls.ts";
import { consume, deliver } from "./consume.ts";
import { grpcStatus } from "./grpc-error.ts";
import type { Limits } from "./limits.ts";
import type { Operation } from "./operation.ts";
import { publishAlone } from "./publish.ts";
import { publishLarge, publishStream } from "./publish-stream.ts";
import { parseReceipt, receiptElsewhere } from "./receipt.ts";
import type { Turns } from "./turns.ts";

type QueueDependencies = {
  readonly calls: Calls;
  readonly limits: Limits;
  readonly turns: Turns;
  readonly clock?: () => number;
};

const operation = (name: string, need: Operation["need"]): Operation => ({ api: "queue", name, need });

/** prism.v1.QueueService, but that a Publish comes as the bytes it is: what is refused need not be read. */
export const queueDefinition: ServiceDefinition = ((whole) => ({
  ...whole,
  publish: { ...whole["publish"], requestDeserialize: (bytes: Buffer) => bytes } as MethodDefinition<
    unknown,
    unknown
  >,
}))(grpcService(QueueService));

/** What answers it. */
export function queueService({
  calls,
  limits,
  turns,
  clock = Date.now,
}: QueueDependencies): UntypedServiceImplementation {
  const publishing = { limits, turns, clock };
  return {
    publish: calls.unary(operation("Publish", "write"), (bytes: Uint8Array, admitted) =>
      publishAlone(publishing, bytes, admitted),
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
    acknowledge: calls.unary(operation("Acknowledge", "read"), (request: AcknowledgeRequest, admitted) =>
      turns.take(admitted.served.entry.namespace, () => acknowledge(request, admitted)),
    ),
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
